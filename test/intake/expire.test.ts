import { afterEach, beforeEach, expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import bloodPressure from "../../drivers/gatt-blood-pressure.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";
import { discardAfter } from "../../src/intake/expire.ts";
import { createIntake } from "../../src/intake/intake.ts";
import type { DeskParts } from "../../src/intake/parts.ts";
import type { Intake } from "../../src/intake/port.ts";
import { readWaiting } from "../../src/intake/waiting.ts";
import { isWithheld, RecordKind } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { cuff, House } from "../fixtures/registry.ts";

const gateway = {
  id: "ehpad-test",
  structure: { finess: "750000001", name: "EHPAD" },
  timeZone: "Europe/Paris",
  version: "0",
};
const known = new DriverRegistry(drivers);
const DAY = 86_400_000;
let house: House;
let intake: Intake;
let destinations: string[];

beforeEach(async () => {
  house = await House.open({}, new FakeClock(Date.parse("2024-06-23T12:00:00+02:00")));
  intake = createIntake({ gateway, registry: house.registry, journal: house.journal, observe: () => {} });
  destinations = ["coordination", "archive"];
});
afterEach(() => house[Symbol.asyncDispose]());

const parts = (): DeskParts => ({
  gateway,
  journal: house.journal,
  registry: house.registry,
  clock: house.clock,
  destinations,
  specializationOf: (driver) => known.get(driver).specialization,
});

/** A cuff's reading that nobody is assigned to: pressure and pulse. */
async function measure(minute: number, received = house.clock.now()): Promise<void> {
  const bytes = Buffer.from(`167c0056006100e807061709${minute.toString(16).padStart(2, "0")}0033000000`, "hex");
  const device = { address: cuff, transport: "ble" } as const;
  await intake.take({ driver: bloodPressure, channel: 0x2a35, device, receivedAt: received, bytes });
}

async function confirmAll(): Promise<void> {
  for (const destination of destinations) await house.journal.advance(destination, house.journal.lastSeq);
}

const waiting = async () => (await readWaiting(house.journal)).length;

test("what nobody decided on goes after its days, once every destination knows of it, with its audit record", async () => {
  await measure(1);
  await house.journal.advance("coordination", house.journal.lastSeq);
  house.clock.advance(10 * DAY);
  await measure(2);
  expect(await discardAfter(10, parts())).toBe(0);
  await confirmAll();
  expect(await discardAfter(11, parts())).toBe(0);
  expect(await discardAfter(10, parts())).toBe(2);
  expect(await waiting()).toBe(2);
  expect((await house.journal.find({ kind: RecordKind.quarantine, device: cuff, limit: 10 })).length).toBe(2);
  const records = (await house.journal.segments(1, 1_000)).flatMap((segment) => segment.records);
  const audits = records.flatMap((record): { action?: string }[] =>
    isWithheld(record) || record.kind !== RecordKind.audit ? [] : [JSON.parse(Buffer.from(record.body).toString())],
  );
  const discards = audits.filter(({ action }) => action === "quarantine-discarded");
  expect(discards).toMatchObject([1, 2].map(() => ({ by: "gateway", reason: "journal.quarantineAfterDays: 10" })));
});

test("nothing goes by a clock that is not to be trusted, nor what arrived by one, nor where nobody is told", async () => {
  await measure(1, { ...house.clock.now(), synchronised: false });
  await confirmAll();
  house.clock.advance(100 * DAY);
  expect(await discardAfter(10, parts())).toBe(0);
  await measure(2);
  await confirmAll();
  house.clock.advance(100 * DAY);
  house.clock.synchronised = false;
  expect(await discardAfter(10, parts())).toBe(0);
  house.clock.synchronised = true;
  destinations = [];
  expect(await discardAfter(10, parts())).toBe(0);
  expect(await waiting()).toBe(4);
});
