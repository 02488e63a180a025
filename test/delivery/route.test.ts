import { describe, expect, it } from "vitest";
import { routing } from "../../src/delivery/route.ts";
import { withholding } from "../../src/delivery/withhold.ts";
import type { StoredWholeRecord } from "../../src/journal/port.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { newJournal } from "../fixtures/feed.ts";

const clock = new FakeClock();
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const reading = (kind = "body-weight", address = "scale-1") => ({ kind, device: { address } });
const bundle = (person: string) => ({
  entry: [{ resource: { resourceType: "Device" } }, { resource: { subject: { identifier: { value: person } } } }],
});

function record(change: Partial<StoredWholeRecord> = {}): StoredWholeRecord {
  const sealed = { seq: 1, kind: RecordKind.measure, id: new Uint8Array(16), salt: new Uint8Array(16) };
  return { ...sealed, body: bytes(bundle("r-12")), source: bytes({ measurement: reading() }), ...change };
}

describe("what a destination is for", () => {
  const keepsBack = (parts: Partial<Parameters<typeof routing>[0]>, one = record()) =>
    routing({ destination: "platform", clock, ...parts })(one);

  it("is everything but the quarantine, where nothing is said", () => {
    expect(keepsBack({})).toBe(false);
    expect(keepsBack({}, record({ kind: RecordKind.audit, body: bytes({}) }))).toBe(false);
    const segment = newJournal().commit("1", { kind: RecordKind.quarantine, body: "2" });
    const { records } = withholding(segment, routing({ destination: "platform", clock }));
    expect(records.map((one) => "withheld" in one)).toEqual([false, true]);
  });

  it.each([
    [{ kinds: ["body-weight"] }, false],
    [{ kinds: ["glucose"] }, true],
    [{ devices: ["scale-1"] }, false],
    [{ devices: ["scale-2"] }, true],
    [{ persons: ["r-12"] }, false],
    [{ persons: ["r-14"] }, true],
    [{ kinds: ["body-weight"], persons: ["r-14"] }, true],
    [{ kinds: [] }, true],
  ] as const)("is what %j names: kept back %s", (only, expected) => {
    expect(keepsBack({ only })).toBe(expected);
  });

  it("goes by the person that is kept beside the measure before the one that its bundle names", () => {
    const source = bytes({ measurement: reading(), person: "r-14" });
    expect(keepsBack({ only: { persons: ["r-14"] } }, record({ source }))).toBe(false);
  });

  it("keeps back what cannot be told, and lets through what the question does not concern", () => {
    const { source: _source, ...sourceless } = record();
    expect(keepsBack({ only: { kinds: ["body-weight"] } }, sourceless)).toBe(true);
    expect(keepsBack({ only: { persons: ["r-12"] } }, record({ body: bytes({}) }))).toBe(true);
    expect(keepsBack({ only: { persons: ["r-12"] } }, record({ body: Buffer.from("{") }))).toBe(true);
    const audit = { ...sourceless, kind: RecordKind.audit };
    expect(keepsBack({ only: { kinds: ["glucose"], persons: ["r-14"] } }, audit)).toBe(false);
  });

  it("asks each person's consent, for this destination, with the time of now", () => {
    const asked: unknown[] = [];
    const consent = {
      mayReceive: (...question: unknown[]) => {
        asked.push(question);
        return false;
      },
      mayHaveReceived: () => true,
    };
    expect(keepsBack({ consent })).toBe(true);
    expect(asked).toEqual([["r-12", "platform", clock.wall]]);
  });

  it.each([true, false])(
    "sends what takes a measure back wherever that may have gone (%s), whatever is consented to now",
    (may) => {
      const asked: unknown[] = [];
      const consent = {
        mayReceive: () => !may,
        mayHaveReceived: (...question: unknown[]) => {
          asked.push(question);
          return may;
        },
      };
      const source = bytes({ measurement: reading(), person: "r-14", retractsSince: 12 });
      expect(keepsBack({ consent }, record({ source }))).toBe(!may);
      expect(asked).toEqual([["r-14", "platform", 12, clock.wall]]);
      expect(keepsBack({ consent, only: { persons: ["r-12"] } }, record({ source }))).toBe(true);
    },
  );
});
