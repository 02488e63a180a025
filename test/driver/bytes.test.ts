import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteReader, Truncated } from "../../src/driver/bytes.ts";

test("fields are read in order, little-endian, signed and unsigned", () => {
  const reader = new ByteReader(
    Uint8Array.of(0xfe, 0xfe, 0x34, 0x12, 0xfe, 0xff, 0x12, 0x34, 1, 2, 3, 0xef, 0xcd, 0xab, 0x89, 9, 9),
  );
  expect([reader.u8(), reader.i8(), reader.u16(), reader.i16(), reader.u16be(), reader.u24(), reader.u32()]).toEqual([
    0xfe, -2, 0x1234, -2, 0x1234, 0x030201, 0x89abcdef,
  ]);
  reader.skip(1);
  expect(reader.left).toBe(1);
});

test("a view into a larger buffer is not read past its own end", () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4).subarray(1, 3));
  expect(reader.u16()).toBe(0x0302);
  expect(() => reader.u8()).toThrow(Truncated);
});

const fields = { u8: 1, i8: 1, u16: 2, i16: 2, u16be: 2, u24: 3, u32: 4 } as const;
const field = fc.constantFrom("u8", "i8", "u16", "i16", "u16be", "u24", "u32" as const);

test("any fields of any bytes are read, or the frame is truncated and nothing was consumed", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 16 }), fc.array(field), (bytes, wanted) => {
      const reader = new ByteReader(bytes);
      for (const name of wanted) {
        const left = reader.left;
        if (fields[name] <= left) {
          expect(Number.isSafeInteger(reader[name]())).toBe(true);
          expect(reader.left).toBe(left - fields[name]);
        } else {
          expect(() => reader[name]()).toThrow(`${fields[name]} bytes needed, ${left} left`);
          expect(reader.left).toBe(left);
        }
      }
    }),
  );
});
