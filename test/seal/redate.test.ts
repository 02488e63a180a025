import fc from "fast-check";
import { expect, test } from "vitest";
import { type ClockAnchor, clockAnchor, redate } from "../../src/seal/redate.ts";

const boot = (byte: number) => new Uint8Array(16).fill(byte);
const anchor = (byte: number, monotonicMs: number, wallMs: number, synchronised = true): ClockAnchor => ({
  type: "clock-anchor",
  bootId: Buffer.from(boot(byte)).toString("hex"),
  monotonicMs,
  wallMs,
  synchronised,
});
const sealed = (byte: number, monotonicMs: number, synchronised = false) => ({
  clock: { bootId: boot(byte), monotonicMs, synchronised },
  sealedAtMs: 77,
});

test("a trusted clock is believed; without an anchor of the same boot nothing is guessed", () => {
  expect(redate(sealed(1, 500, true), [anchor(1, 1_000, 9_000_000)])).toBe(77);
  expect(redate(sealed(1, 500), [anchor(2, 1_000, 9_000_000), anchor(1, 1_000, 9_000_000, false)])).toBeUndefined();
});

test("an untrusted one is counted from the nearest trusted anchor, before or behind it", () => {
  const anchors = [anchor(1, 1_000, 9_000_000), anchor(1, 50_000, 9_100_000)];
  expect(redate(sealed(1, 500), anchors)).toBe(9_000_000 - 500);
  expect(redate(sealed(1, 49_000), anchors)).toBe(9_100_000 - 1_000);
  expect(redate(sealed(1, 60_000), anchors)).toBe(9_100_000 + 10_000);
});

test("order within a boot is kept, whatever the wall clock said, with one anchor", () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.nat(1e9), fc.nat(1e9), (a, b, at) => {
      const [first, second] = [Math.min(a, b), Math.max(a, b)];
      const anchors = [anchor(1, at, 1_800_000_000_000)];
      const dates = [redate(sealed(1, first), anchors), redate(sealed(1, second), anchors)];
      expect((dates[1] ?? 0) - (dates[0] ?? 0)).toBe(second - first);
    }),
  );
});

test("what is no anchor says so", () => {
  expect(clockAnchor(Buffer.from("{"))).toBeUndefined();
  expect(clockAnchor(Buffer.from('{"type":"measure-failed"}'))).toBeUndefined();
  expect(clockAnchor(Buffer.from(JSON.stringify(anchor(1, 2, 3))))).toEqual(anchor(1, 2, 3));
});
