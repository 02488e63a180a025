import { beforeEach, expect, test } from "vitest";
import bloodPressure from "../../drivers/gatt-blood-pressure.ts";
import weightScale from "../../drivers/gatt-weight-scale.ts";
import scaleLine from "../../drivers/scale-line.ts";
import type { GatewayEvent } from "../../src/events.ts";
import { createIntake } from "../../src/intake/intake.ts";
import type { Frame } from "../../src/intake/port.ts";
import type { Draft } from "../../src/journal/port.ts";
import { registryOf } from "../../src/registry/attribute.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";

const cuff = { address: "5C:31:3E:00:00:01", transport: "ble" } as const;
const stranger = { address: "5C:31:3E:00:00:09", transport: "ble" } as const;
const scale = { address: "balance-1", transport: "serial" } as const;
const gateway = {
  id: "ehpad-test",
  structure: { finess: "750000001", name: "EHPAD Test" },
  timeZone: "Europe/Paris",
  version: "0",
};
const person = { reference: "p-12", system: "urn:oid:1.2.3", label: "Chambre 12" };

let clock: FakeClock;
let drafts: Draft[];
let events: GatewayEvent[];
let isFull: boolean;
const held = new Set<string>();

beforeEach(() => {
  clock = new FakeClock(Date.parse("2024-06-23T14:50:00+02:00"));
  drafts = [];
  events = [];
  isFull = false;
  held.clear();
});

function makeIntake() {
  return createIntake({
    gateway,
    registry: registryOf({
      persons: [person],
      assignments: [cuff, scale].map(({ address }) => ({ device: address, person: "p-12", from: 0 })),
    }),
    journal: {
      async append(draft) {
        if (isFull) throw new Error("full");
        const id = Buffer.from(draft.id).toString("hex");
        const duplicate = held.has(id);
        held.add(id);
        if (!duplicate) drafts.push(draft);
        return { seq: drafts.length, duplicate };
      },
    },
    observe: (event) => events.push(event),
  });
}

const frame = (hex: string, device: Frame["device"] = cuff): Frame => ({
  driver: bloodPressure,
  channel: 0x2a35,
  device,
  receivedAt: clock.now(),
  bytes: Buffer.from(hex.replaceAll(" ", ""), "hex"),
});
const line = (text: string): Frame => ({
  driver: scaleLine,
  channel: "serial",
  device: scale,
  receivedAt: clock.now(),
  bytes: Buffer.from(text),
});

const reading = "16 7c00 5600 6100 e8070617 0e2700 3300 0000";
const failed = "16 ff07 ff07 ff07 e8070617 0e230a ff07 0000";
const outcomes = () => events.flatMap((event) => (event.type === "journaled" ? [event.as] : []));
const bodies = () => drafts.map(({ body }) => JSON.parse(Buffer.from(body).toString()));

test("a cuff's reading becomes two bundles of its person, and is kept when both are on disk", async () => {
  expect(await makeIntake().take(frame(reading))).toBe("kept");
  expect(drafts.map(({ kind, person: whose }) => [kind, whose])).toEqual([
    [RecordKind.measure, "p-12"],
    [RecordKind.measure, "p-12"],
  ]);
  expect(bodies().map(({ resourceType }) => resourceType)).toEqual(["Bundle", "Bundle"]);
  expect(events.filter(({ type }) => type === "journaled")).toHaveLength(2);
});

test("the same reading again, at another time, is a duplicate and nothing new", async () => {
  const intake = makeIntake();
  await intake.take(frame(reading));
  clock.advance(3_600_000);
  await intake.take(frame(reading));
  expect(drafts).toHaveLength(2);
  expect(outcomes()).toEqual(["measure", "measure", "duplicate", "duplicate"]);
});

test("two equal weights at different times are two measures, for a scale has no clock", async () => {
  const intake = makeIntake();
  await intake.take(line("ST,+0061.55kg"));
  clock.advance(10_000);
  await intake.take(line("ST,+0061.55kg"));
  expect(drafts).toHaveLength(2);
});

test("a frame that is handed over again after the journal refused it is the same reading", async () => {
  const intake = makeIntake();
  const weighing = line("ST,+0061.55kg");
  isFull = true;
  await expect(intake.take(weighing)).rejects.toThrow("full");
  expect(outcomes()).toEqual([]);
  isFull = false;
  clock.advance(60_000);
  expect(await intake.take(weighing)).toBe("kept");
  expect(await intake.take(weighing)).toBe("kept");
  expect(drafts).toHaveLength(1);
});

test("a failed cuff is an event without a value, never a number", async () => {
  await makeIntake().take(frame(failed));
  expect(outcomes()).toEqual(["failed", "failed"]);
  for (const [index, body] of bodies().entries()) {
    expect(drafts[index]?.kind).toBe(RecordKind.event);
    expect(body).toMatchObject({ type: "measure-failed", because: "no-value" });
    expect(JSON.stringify(body)).not.toMatch(/2047|systolic|Chambre|p-12/);
  }
});

test("a device that nobody is assigned to waits in quarantine, whole, with the reason", async () => {
  await makeIntake().take(frame(reading, stranger));
  expect(outcomes()).toEqual(["quarantined", "quarantined"]);
  expect(bodies()[0]).toMatchObject({
    type: "quarantined",
    reason: "unassigned",
    measurement: { kind: "blood-pressure", raw: reading.replaceAll(" ", "") },
  });
  expect(drafts[0]?.kind).toBe(RecordKind.quarantine);
});

test("rejected frames are counted; what may have been a reading keeps its bytes on the box", async () => {
  const intake = makeIntake();
  expect(await intake.take(frame("1f0048"))).toBe("rejected");
  expect(await intake.take(line("US,+0061.55kg"))).toBe("rejected");
  expect(events).toMatchObject([
    { type: "rejected", reason: "truncated" },
    { type: "rejected", reason: "unsettled" },
  ]);
  expect(bodies()).toMatchObject([{ type: "rejected", reason: "truncated", raw: "1f0048" }]);
});

test("a flood of garbage fills no journal: 32 frames an hour and device are kept, all are counted", async () => {
  const intake = makeIntake();
  for (let n = 0; n < 500; n += 1) {
    clock.advance(1_000);
    await intake.take(frame(`1f${(n & 0xffff).toString(16).padStart(4, "0")}`));
  }
  expect(drafts).toHaveLength(32);
  expect(events).toHaveLength(500);
});

test("a scale's typed height and the index computed from it are no measures: its weight alone is kept, with all bytes", async () => {
  const hex = "0e783eea07050c12353601ee002607";
  const taken = await makeIntake().take({ ...frame(hex), driver: weightScale, channel: 0x2a9d });
  expect(taken).toBe("kept");
  expect(drafts.map(({ kind }) => kind)).toEqual([RecordKind.measure]);
  expect(events.flatMap((event) => (event.type === "measured" ? [event.measurement.kind] : []))).toEqual([
    "body-weight",
  ]);
  expect(Buffer.from(drafts[0]?.body ?? []).toString()).not.toMatch(/39156-5|8302-2/);
  expect(Buffer.from(drafts[0]?.source ?? []).toString()).toContain(hex);
});
