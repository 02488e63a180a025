import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import bloodPressure from "../../drivers/gatt-blood-pressure.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";
import { correct, discard, end, release, withdraw } from "../../src/intake/desk.ts";
import { carryOutAll, dueFact } from "../../src/intake/due.ts";
import { createIntake } from "../../src/intake/intake.ts";
import type { DeskParts } from "../../src/intake/parts.ts";
import type { Intake } from "../../src/intake/port.ts";
import { readWaiting, type Waiting } from "../../src/intake/waiting.ts";
import { uuidOf } from "../../src/measure/identity.ts";
import { assign } from "../../src/registry/assignments.ts";
import { auditDraft } from "../../src/registry/audit.ts";
import { putDevice, putPerson, removePerson } from "../../src/registry/known.ts";
import { isWithheld, RecordKind } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { cuff, House, marie, room12, room14 } from "../fixtures/registry.ts";

const gateway = {
  id: "ehpad-test",
  structure: { finess: "750000001", name: "EHPAD" },
  timeZone: "Europe/Paris",
  version: "0",
};
const known = new DriverRegistry(drivers);
const why = { by: "marie", reason: "cuff lent to room 14" };
const noon = Date.parse("2024-06-23T12:00:00+02:00");
const minute = 60_000;
let house: House;
let intake: Intake;

beforeEach(async () => {
  house = await House.open({}, new FakeClock(noon));
  await putDevice(house.registry, { address: cuff, label: "Tensiomètre A" }, marie);
  await putPerson(house.registry, room12, marie);
  await putPerson(house.registry, room14, marie);
  intake = createIntake({ gateway, registry: house.registry, journal: house.journal, observe: () => {} });
});
afterEach(() => house[Symbol.asyncDispose]());

const parts = (): DeskParts => ({
  gateway,
  journal: house.journal,
  registry: house.registry,
  clock: house.clock,
  destinations: ["coordination", "archive"],
  specializationOf: (driver) => known.get(driver).specialization,
});

/** A cuff's reading at a time of day of 2024-06-23, by its own clock. */
async function measure(hours: number, minutes = 0, systolic = 124): Promise<void> {
  const [high, low] = [systolic.toString(16).padStart(2, "0"), minutes.toString(16).padStart(2, "0")];
  const text = `16${high}0056006100e8070617${hours.toString(16).padStart(2, "0")}${low}0033000000`;
  const bytes = Buffer.from(text, "hex");
  const device = { address: cuff, transport: "ble" } as const;
  await intake.take({ driver: bloodPressure, channel: 0x2a35, device, receivedAt: house.clock.now(), bytes });
}

/** The pressure that waits; the pulse of the same inflation waits beside it. */
async function waitingPressure(): Promise<Waiting> {
  const waiting = (await readWaiting(house.journal)).find(({ measurement }) => measurement.kind === "blood-pressure");
  if (waiting === undefined) throw new Error("nothing waits");
  return waiting;
}

const pressures = async () =>
  (await house.observations()).flatMap(({ status, subject, component, identifier }) =>
    component === undefined ? [] : [{ status, person: subject.identifier.value, identifier }],
  );
const audits = () => house.bodies(RecordKind.audit);

describe("quarantine", () => {
  test("keeps what nobody is assigned to, and announces it without health data", async () => {
    await measure(11, 39);
    const waiting = await readWaiting(house.journal);
    expect(waiting.map(({ reason, measurement }) => [reason, measurement.kind])).toEqual(
      expect.arrayContaining([
        ["unassigned", "blood-pressure"],
        ["unassigned", "heart-rate"],
      ]),
    );
    const events = await house.bodies(RecordKind.event);
    expect(events.map(({ quarantine }) => quarantine)).toEqual(expect.arrayContaining(waiting.map(({ id }) => id)));
    expect(JSON.stringify(events)).not.toMatch(/124|pressure|heart|value|raw|r-00/);
    await measure(11, 39);
    expect(await readWaiting(house.journal)).toHaveLength(2);
    expect(await house.bodies(RecordKind.event)).toHaveLength(2);
  });

  test("announces twelve an hour and device, and says how many it did not", async () => {
    for (let n = 0; n < 10; n += 1) await measure(10, n);
    expect(await house.bodies(RecordKind.event)).toHaveLength(12);
    expect(await readWaiting(house.journal)).toHaveLength(20);
    house.clock.advance(60 * minute);
    await measure(12, 30);
    const events = await house.bodies(RecordKind.event);
    expect(events.map(({ untold }) => untold).filter((untold) => untold !== undefined)).toEqual([8]);
  });

  test("releases to the person who is named, who and why in the audit trail; once", async () => {
    await measure(11, 39);
    const first = await waitingPressure();
    await release({ id: first.id, person: "r-0014" }, parts(), why);
    expect(await pressures()).toEqual([
      { status: "final", person: "r-0014", identifier: expect.arrayContaining([expect.anything()]) },
    ]);
    expect((await audits()).find(({ action }) => action === "quarantine-released")).toMatchObject({
      by: "marie",
      reason: why.reason,
      subject: { quarantine: first.id, because: "unassigned", person: "r-0014", named: true },
    });
    expect(await readWaiting(house.journal)).toHaveLength(1);
    expect((await house.bodies(RecordKind.quarantine)).map(({ measurement }) => measurement?.kind)).toEqual([
      "heart-rate",
    ]);
    expect(await house.journal.facts("due")).toEqual([]);
    await expect(release({ id: first.id, person: "r-0012" }, parts(), why)).rejects.toMatchObject({
      code: "QUARANTINE_UNKNOWN",
    });
    await measure(11, 39);
    expect(await pressures()).toHaveLength(1);
  });

  test("releases to whom the registry names by now, and to nobody by a guess", async () => {
    await measure(11, 39);
    const first = await waitingPressure();
    await expect(release({ id: first.id }, parts(), why)).rejects.toMatchObject({ code: "QUARANTINE_UNRESOLVED" });
    await assign(house.registry, { device: cuff, person: "r-0012", from: noon - 60 * minute }, marie);
    await release({ id: first.id }, parts(), why);
    expect((await pressures()).map(({ person }) => person)).toEqual(["r-0012"]);
  });

  test("discards with who and why; the body goes, the signed trace stays", async () => {
    await measure(11, 39);
    const first = await waitingPressure();
    await discard(first.id, parts(), { by: "marie", reason: "tried on a visitor" });
    expect((await audits()).at(-1)).toMatchObject({ action: "quarantine-discarded", reason: "tried on a visitor" });
    expect(await readWaiting(house.journal)).toHaveLength(1);
    expect((await house.bodies(RecordKind.quarantine)).map(({ measurement }) => measurement?.kind)).toEqual([
      "heart-rate",
    ]);
    expect((await house.journal.verify()).findings).toEqual([]);
  });

  test("a release that a power cut left half done is carried out at the next start", async () => {
    await measure(11, 39);
    const first = await waitingPressure();
    const due = dueFact({ type: "release", quarantine: first.id, person: "r-0014", measurement: first.measurement });
    await house.journal.append(auditDraft(why, { action: "quarantine-released", subject: {} }, house.clock.now()), [
      { shelf: "quarantine", key: first.id },
      due,
    ]);
    await house.reopen();
    expect(await pressures()).toEqual([]);
    await carryOutAll(parts());
    await carryOutAll(parts());
    expect((await pressures()).map(({ person }) => person)).toEqual(["r-0014"]);
  });
});

describe("consent that is withdrawn", () => {
  const said = { person: "r-0012", destination: "coordination", medium: "oral" } as const;
  const begin = async (withdrawnConsent: "hold" | "erase") => {
    await house[Symbol.asyncDispose]();
    house = await House.open({ withdrawnConsent }, new FakeClock(noon));
    await putDevice(house.registry, { address: cuff, label: "Tensiomètre A" }, marie);
    await putPerson(house.registry, room12, marie);
    await assign(house.registry, { device: cuff, person: "r-0012", from: noon - 600 * minute }, marie);
    intake = createIntake({ gateway, registry: house.registry, journal: house.journal, observe: () => {} });
    for (let n = 0; n < 3; n += 1) await measure(10, n);
  };

  test("holds what was waiting, or erases it where the configuration says so, and tells which", async () => {
    await begin("hold");
    expect(await withdraw(said, parts(), marie)).toBe(0);
    expect(await pressures()).toHaveLength(3);
    expect((await audits()).at(-1)).toMatchObject({ action: "consent-withdrawn", subject: { waiting: "hold" } });
    await begin("erase");
    await house.journal.advance("archive", house.journal.lastSeq);
    expect(await withdraw(said, parts(), marie)).toBe(6);
    expect(await pressures()).toEqual([]);
    expect((await audits()).slice(-2)).toMatchObject([
      { action: "consent-withdrawn", subject: { waiting: "erase" } },
      { action: "waiting-erased", subject: { records: 6 } },
    ]);
    expect((await house.journal.verify()).findings).toEqual([]);
  });

  test("erases nothing that was receipted, nor what another destination still waits for", async () => {
    await begin("erase");
    const end = house.journal.lastSeq;
    await house.journal.advance("coordination", end - 5);
    await house.journal.advance("archive", end - 2);
    expect(await withdraw(said, parts(), marie)).toBe(3);
    expect(await house.observations()).toHaveLength(3);
  });

  test("that a power cut leaves half erased is finished at the next start", async () => {
    await begin("erase");
    const range = { after: 0, through: house.journal.lastSeq };
    const due = dueFact({ type: "erase", person: "r-0012", destination: "coordination", range });
    await house.journal.append(auditDraft(why, { action: "consent-withdrawn", subject: {} }, house.clock.now()), [due]);
    await house.reopen();
    expect(await carryOutAll(parts())).toEqual([]);
    expect(await pressures()).toEqual([]);
    expect(await house.journal.facts("due")).toEqual([]);
  });

  test("of a destination that does not exist is a slip, and said to be", async () => {
    await expect(withdraw({ ...said, destination: "cordination" }, parts(), marie)).rejects.toMatchObject({
      code: "DESTINATION_UNKNOWN",
    });
  });
});

describe("a correction", () => {
  const wrongly = () => assign(house.registry, { device: cuff, person: "r-0012", from: noon - 600 * minute }, marie);

  test("takes each reading back from the wrong person, then gives it to the right one, under the same identifier", async () => {
    const id = await wrongly();
    await measure(10, 1);
    await measure(10, 2);
    const corrected = await correct({ id, person: "r-0014" }, parts(), why);
    expect(corrected.amended).toBe(4);
    const all = await pressures();
    expect(all.map(({ status, person }) => `${status} ${person}`)).toEqual([
      "final r-0012",
      "final r-0012",
      "entered-in-error r-0012",
      "amended r-0014",
      "entered-in-error r-0012",
      "amended r-0014",
    ]);
    expect(all.slice(2).map(({ identifier }) => identifier)).toEqual(
      [0, 0, 1, 1].map((index) => all[index]?.identifier),
    );
    expect(all[0]?.identifier).not.toEqual(all[1]?.identifier);
    await measure(10, 3);
    expect((await pressures()).at(-1)).toMatchObject({ status: "final", person: "r-0014" });
    expect((await audits()).map(({ type, action }) => action ?? type).slice(-2)).toEqual([
      "assignment-corrected",
      "readings-amended",
    ]);
  });

  test("of a correction amends again; the rewritten history stays readable", async () => {
    const id = await wrongly();
    await measure(10, 1);
    const first = await correct({ id, person: "r-0014" }, parts(), why);
    const second = await correct({ id: first.id, person: "r-0012" }, parts(), why);
    expect(second.amended).toBe(2);
    expect((await pressures()).map(({ status, person }) => `${status} ${person}`)).toEqual([
      "final r-0012",
      "entered-in-error r-0012",
      "amended r-0014",
      "entered-in-error r-0014",
      "amended r-0012",
    ]);
  });

  test("of the period alone takes nothing back", async () => {
    const id = await wrongly();
    await measure(10, 1);
    expect(await correct({ id, person: "r-0012", from: noon - 590 * minute }, parts(), why)).toMatchObject({
      amended: 2,
    });
    expect((await pressures()).map(({ status, person }) => `${status} ${person}`)).toEqual([
      "final r-0012",
      "amended r-0012",
    ]);
  });

  test("takes back what somebody had who is not in the registry any more", async () => {
    const id = await wrongly();
    await measure(10, 1);
    await end({ id, at: noon }, parts(), marie);
    await removePerson(house.registry, "r-0012", marie);
    await correct({ id, person: "r-0014" }, parts(), why);
    expect((await pressures()).map(({ status, person }) => `${status} ${person}`)).toEqual([
      "final r-0012",
      "entered-in-error r-0012",
      "amended r-0014",
    ]);
  });

  test("is in one segment for each reading: taken back and given, or neither", async () => {
    const id = await wrongly();
    await measure(10, 1);
    await correct({ id, person: "r-0014" }, parts(), why);
    const segments = (await house.journal.segments(1, 100)).map(({ records }) =>
      records.flatMap((record) => (isWithheld(record) ? [] : [Buffer.from(record.body).toString()])),
    );
    const withStatus = (bodies: readonly string[], status: string) =>
      bodies.filter((body) => body.includes(`"status":"${status}"`)).length;
    for (const bodies of segments) {
      expect(withStatus(bodies, "entered-in-error")).toBe(withStatus(bodies, "amended"));
    }
  });

  test("stays on its way to who has the wrong measure, though consent is withdrawn and what waits is erased", async () => {
    const id = await wrongly();
    await measure(10, 1);
    await correct({ id, person: "r-0014" }, parts(), why);
    const range = { after: 0, through: house.journal.lastSeq };
    const due = { type: "erase", person: "r-0012", destination: "coordination", range } as const;
    await house.journal.append(auditDraft(why, { action: "again", subject: {} }, house.clock.now()), [dueFact(due)]);
    expect(await carryOutAll(parts())).toEqual([]);
    expect((await pressures()).map(({ status, person }) => `${status} ${person}`)).toEqual([
      "entered-in-error r-0012",
      "amended r-0014",
    ]);
  });

  test("leaves alone what a person released by hand, and what another slot measured", async () => {
    await measure(10, 0);
    const first = await waitingPressure();
    await release({ id: first.id, person: "r-0012" }, parts(), why);
    const id = await wrongly();
    await measure(10, 1);
    const { amended } = await correct({ id, person: "r-0014" }, parts(), why);
    expect(amended).toBe(2);
  });

  test("may not leave a reading that was sent to nobody, nor may an end", async () => {
    const id = await wrongly();
    await measure(10, 1);
    const narrow = { id, person: "r-0014", from: Date.parse("2024-06-23T10:02:00+02:00") };
    await expect(correct(narrow, parts(), why)).rejects.toMatchObject({ code: "ASSIGNMENT_HAS_READINGS" });
    const at = Date.parse("2024-06-23T10:01:00+02:00");
    await expect(end({ id, at }, parts(), marie)).rejects.toMatchObject({ code: "ASSIGNMENT_HAS_READINGS" });
    await end({ id, at: at + minute }, parts(), marie);
    expect(house.registry.state.assignments.get(id)?.until).toBe(at + minute);
  });

  test("half done at a power cut is finished at the next start, with the same records", async () => {
    const id = await wrongly();
    for (let n = 0; n < 3; n += 1) await measure(10, n);
    const { id: right } = await correct({ id, person: "r-0014" }, parts(), why);
    const due = dueFact({ type: "amend", assignment: right });
    const before = (await pressures()).length;
    await house.journal.append(auditDraft(why, { action: "again", subject: {} }, house.clock.now()), [due]);
    await house.reopen();
    await carryOutAll(parts());
    expect(await pressures()).toHaveLength(before);
    expect(await house.journal.facts("due")).toEqual([]);
  });

  test("finds more readings than fit in memory at a time", async () => {
    const id = await wrongly();
    for (let n = 0; n < 140; n += 1) await measure(8 + Math.floor(n / 60), n % 60, 100 + (n % 50));
    expect((await correct({ id, person: "r-0014" }, parts(), why)).amended).toBe(280);
  });

  test("gives each amended record an identifier of its own, the same each time", async () => {
    const id = await wrongly();
    await measure(10, 1);
    await correct({ id, person: "r-0014" }, parts(), why);
    const records = await house.journal.find({ kind: RecordKind.measure, limit: 10 });
    expect(new Set(records.map(({ id: record }) => Buffer.from(record).toString("hex"))).size).toBe(6);
    const [observation] = await house.observations();
    const [record] = records;
    if (record === undefined) throw new Error("no record");
    expect(JSON.stringify(observation)).toContain(uuidOf(record.id));
  });
});
