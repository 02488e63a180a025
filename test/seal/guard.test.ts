import { encode as cborEncode } from "cbor-x";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encode, tryDecode, uint } from "../../src/seal/cbor.ts";
import { type Bounds, guard, Refused } from "../../src/seal/guard.ts";

const bounds: Bounds = { maxBytes: 1 << 20, maxDepth: 16, tags: [18] };
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

test.each([
  ["a bignum", "c243010000"],
  ["tag 27, which makes cbor-x build objects", "d81b8163466f6f"],
  ["an indefinite array", "9f01ff"],
  ["an indefinite string", "5f4101ff"],
  ["a float", "fb3ff0000000000000"],
  ["undefined", "f7"],
  ["an integer that is not the shortest", "1800"],
  ["a length that is not the shortest", "58020102"],
  ["a key twice", "a201010102"],
  ["text that is no UTF-8", "61ff"],
  ["a string longer than the bytes", "5a7fffffff00"],
  ["an array longer than the bytes", "9a7fffffff00"],
  ["bytes behind the item", "0101"],
  ["an integer beyond 2^53", "1bffffffffffffffff"],
  ["nothing", ""],
])("%s is refused", (_what, hex) => {
  expect(() => guard(bytes(hex), bounds)).toThrow(Refused);
});

test("a nesting of 200 000 and a bignum of 128 KiB are refused without being walked", () => {
  expect(() => guard(new Uint8Array(200_000).fill(0x81), bounds)).toThrow(/deeper/);
  const bignum = new Uint8Array(131_077);
  bignum.set([0xc2, 0x5a, 0, 2, 0, 0]);
  expect(() => guard(bignum, bounds)).toThrow(/tag 2/);
});

test("arbitrary bytes are accepted or refused, and never throw anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
      try {
        guard(input, bounds);
      } catch (error) {
        expect(error).toBeInstanceOf(Refused);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("what the profile writes, the guard accepts and the decoder gives back", () => {
  const item = fc.letrec<{ node: Parameters<typeof encode>[0] }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      fc.nat().map(uint),
      fc.bigInt({ min: 2n ** 32n, max: 2n ** 53n - 1n }),
      fc.string(),
      fc.uint8Array(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("node"), { maxLength: 5 }),
    ),
  })).node;
  fc.assert(
    fc.property(item, (value) => {
      const encoded = encode(value);
      guard(encoded, { ...bounds, maxDepth: 100 });
      const again = encode(tryDecode(encoded, { ...bounds, maxDepth: 100 }) as typeof value);
      expect(Buffer.from(again).toString("hex")).toBe(Buffer.from(encoded).toString("hex"));
    }),
  );
});

test("cbor-x's own defaults, with floats and long heads, do not pass", () => {
  expect(() => guard(cborEncode({ at: Date.now() }), bounds)).toThrow(Refused);
});
