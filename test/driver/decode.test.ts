import { expect, test } from "vitest";
import { decodeFrame, decoderOf, formatChannel, parseChannel, total } from "../../src/driver/decode.ts";
import { defineBleDriver } from "../../src/driver/define.ts";
import { Decimal } from "../../src/measure/decimal.ts";
import type { BodyWeight } from "../../src/measure/measurement.ts";
import { ms, wallMs } from "../../src/measure/time.ts";

const weight: BodyWeight = { kind: "body-weight", value: { value: Decimal.of(70), unit: "kg" }, status: [] };

test("a decoder that reads past the end makes a truncated frame, with its bytes", () => {
  const decode = total((frame) => [weight, ...(frame.u32() > 0 ? [] : [])], 20);
  expect(decode(Uint8Array.of(1, 2), { device: {} })).toEqual({
    reject: "truncated",
    because: "4 bytes needed, 2 left",
    raw: Uint8Array.of(1, 2),
  });
});

test("a decoder that fails is a defect that is counted, not an exception", () => {
  const failing = total(() => {
    throw new TypeError("undefined is not a function");
  }, 20);
  expect(failing(Uint8Array.of(1), { device: {} })).toMatchObject({ reject: "defect", because: /TypeError/ });
  const odd = total(() => {
    throw "text";
  }, 20);
  expect(odd(Uint8Array.of(1), { device: {} })).toMatchObject({ reject: "defect" });
});

test("a reject keeps a copy of the bytes, which the buffer they came in does not change", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const outcome = total(() => ({ reject: "malformed", because: "test" }), 20)(bytes, { device: {} });
  bytes.fill(0);
  expect(outcome).toMatchObject({ raw: Uint8Array.of(1, 2, 3) });
});

test("measurements carry the driver, the device, the moment and the bytes", () => {
  const driver = defineBleDriver({
    id: "test",
    title: "Test",
    source: "test",
    priority: 1,
    match: { services: [] },
    specialization: 528399,
    kinds: ["body-weight"],
    tested: [],
    prepare: [],
    channels: { [0x2a9d]: () => [weight] },
  });
  const provenance = {
    device: { address: "02:00:00:00:00:01", transport: "ble" as const },
    receivedAt: { wall: wallMs(1), monotonic: ms(2), bootId: "0".repeat(32), synchronised: false },
    raw: Uint8Array.of(1),
  };
  expect(decodeFrame(driver, 0x2a9d, provenance)).toEqual([{ ...weight, ...provenance, driver: "test" }]);
  expect(decodeFrame(driver, 0x2a35, provenance)).toMatchObject({ reject: "unknown-channel" });
  expect(decoderOf(driver, "serial")(provenance.raw, { device: {} })).toMatchObject({
    because: "test does not read serial",
  });
});

test("a channel is written as it is read", () => {
  for (const channel of [0x2a35, 0x0001, 0xffff, "serial"] as const) {
    expect(parseChannel(formatChannel(channel))).toBe(channel);
  }
  for (const text of ["2a35", "0x2a3", "0x12a35", "0x2A3G", "", "Serial"]) expect(parseChannel(text)).toBeUndefined();
});
