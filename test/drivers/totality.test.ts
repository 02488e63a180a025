import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import { type Channel, decodeFrame, decoderOf, formatChannel } from "../../src/driver/decode.ts";
import type { Driver } from "../../src/driver/define.ts";
import { isReject } from "../../src/driver/reject.ts";
import { parseMeasurement, toJson } from "../../src/measure/json.ts";
import { ms, wallMs } from "../../src/measure/time.ts";
import { bytesOf, vectorFiles } from "./vectors.ts";

const receivedAt = { wall: wallMs(0), monotonic: ms(0), bootId: "0".repeat(32), synchronised: true };
const known = vectorFiles();

const channelsOf = (driver: Driver): readonly Channel[] =>
  driver.transport === "ble" ? [...driver.channels.keys()] : ["serial"];

/** A real frame with some bytes changed, cut, repeated or added. */
function mutated(frames: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  return fc
    .tuple(fc.constantFrom(...frames), fc.array(edit, { maxLength: 4 }), fc.nat(), fc.uint8Array({ maxLength: 12 }))
    .map(([frame, edits, cut, tail]) => {
      const bytes = Uint8Array.of(...frame.subarray(0, frame.length - (cut % 4)), ...tail);
      for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value;
      return bytes;
    });
}

describe.each(drivers.flatMap((driver) => channelsOf(driver).map((channel) => [driver, channel] as const)))(
  "any bytes on a channel of a driver",
  (driver, channel) => {
    const frames = (known.get(driver.id)?.vectors ?? [])
      .filter((vector) => vector.channel === channel)
      .map((vector) => bytesOf(vector.hex));
    const name = `${driver.id} ${formatChannel(channel)}`;
    const longest = driver.transport === "serial" ? driver.framing.max : (driver.maxFrame ?? 512);

    test(`${name}: no bytes throw, and every outcome is well formed`, () => {
      const bytes = fc.oneof(fc.uint8Array({ maxLength: longest + 2 }), mutated(frames), mutated(frames));
      fc.assert(
        fc.property(bytes, (raw) => {
          const device = { address: "test", transport: driver.transport };
          const outcome = decodeFrame(driver, channel, { device, receivedAt, raw });
          if (isReject(outcome)) {
            expect(outcome.reject).not.toBe("defect");
            expect(outcome.raw).toEqual(raw);
            expect(outcome.because).not.toBe("");
            return;
          }
          expect(outcome.length).toBeGreaterThan(0);
          for (const measurement of outcome) {
            expect(driver.kinds).toContain(measurement.kind);
            expect(parseMeasurement(toJson(measurement))).toEqual(measurement);
          }
        }),
        { numRuns: 3_000 },
      );
    });

    test(`${name}: a frame longer than any is oversized, whatever it holds`, () => {
      const outcome = decoderOf(driver, channel)(new Uint8Array(longest + 1), { device: {} });
      expect(outcome).toMatchObject({ reject: "oversized" });
    });
  },
);

test("a channel that a driver does not read is a reject that names it", () => {
  for (const driver of drivers) {
    const foreign: Channel = driver.transport === "serial" ? 0x2a35 : "serial";
    const outcome = decoderOf(driver, foreign)(Uint8Array.of(1), { device: {} });
    expect(outcome).toMatchObject({ reject: "unknown-channel", raw: Uint8Array.of(1) });
  }
});
