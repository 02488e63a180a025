import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { assign, correctAssignment, endAssignment } from "../../src/registry/assignments.ts";
import { giveConsent, withdrawConsent } from "../../src/registry/consents.ts";
import { putDevice, putPerson, removeDevice, removePerson } from "../../src/registry/known.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { cuff, House, marie, room12, room14 } from "../fixtures/registry.ts";

const nothing = async () => [];
const noReadings = async () => false;
const hour = 3_600_000;
let house: House;
const audits = () => house.bodies(RecordKind.audit);
const whose = (at: number = house.clock.wall, slot?: number) => {
  const outcome = house.registry.attribute(cuff, slot, { at });
  return "person" in outcome ? outcome.person.reference : outcome.quarantine;
};

beforeEach(async () => {
  house = await House.open();
  await putDevice(house.registry, { address: cuff, label: "Tensiomètre A" }, marie);
  await putPerson(house.registry, room12, marie);
  await putPerson(house.registry, room14, marie);
});
afterEach(() => house[Symbol.asyncDispose]());

const add = (person: string, from: number, until?: number, userSlot?: number) =>
  assign(
    house.registry,
    {
      device: cuff,
      person,
      from,
      ...(until === undefined ? {} : { until }),
      ...(userSlot === undefined ? {} : { userSlot }),
    },
    marie,
  );

describe("a change", () => {
  test("is in force at once, on disk with who and when, and there after a restart", async () => {
    const now = house.clock.wall;
    const id = await assign(
      house.registry,
      { device: cuff, person: "r-0012", from: now },
      { by: "marie", reason: "arrival" },
    );
    expect(whose()).toBe("r-0012");
    expect((await audits()).at(-1)).toEqual({
      type: "audit",
      action: "assignment-added",
      at: new Date(now).toISOString(),
      synchronised: true,
      by: "marie",
      reason: "arrival",
      subject: { assignment: id, device: cuff, person: "r-0012", from: new Date(now).toISOString() },
    });
    await house.reopen();
    expect(whose()).toBe("r-0012");
  });

  test("that the journal refuses is not in force", async () => {
    await house.close();
    await expect(add("r-0012", 0)).rejects.toMatchObject({ code: "JOURNAL_CLOSED" });
    expect(whose()).toBe("unassigned");
    await house.reopen();
    expect(whose()).toBe("unassigned");
  });

  test("that changes nothing is no record", async () => {
    const before = house.journal.lastSeq;
    await putPerson(house.registry, room12, marie);
    expect(house.journal.lastSeq).toBe(before);
  });

  test("asked for at the same time as another waits for it, so that two cannot overlap", async () => {
    const outcomes = await Promise.allSettled([add("r-0012", 0), add("r-0014", 5)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });
});

describe("assignments", () => {
  test("never overlap, and the refusal names the other", async () => {
    const id = await add("r-0012", 1_000, 2_000);
    await expect(add("r-0014", 1_999)).rejects.toMatchObject({
      code: "ASSIGNMENT_OVERLAPS",
      detail: { found: { fr: expect.stringContaining(id) } },
    });
    await add("r-0014", 2_000);
    expect([whose(1_500), whose(2_000)]).toEqual(["r-0012", "r-0014"]);
  });

  test("of two slots stand side by side; one of the whole device overlaps both", async () => {
    await add("r-0012", 0, undefined, 1);
    await add("r-0014", 0, undefined, 2);
    await expect(add("r-0014", 0)).rejects.toMatchObject({ code: "ASSIGNMENT_OVERLAPS" });
    expect([whose(1, 1), whose(1, 2), whose(1)]).toEqual(["r-0012", "r-0014", "user-slot-unknown"]);
  });

  test("name what is known, and end after they begin", async () => {
    const unknown = { device: "balance-9", person: "r-0012", from: 0 };
    await expect(assign(house.registry, unknown, marie)).rejects.toMatchObject({ code: "DEVICE_UNKNOWN" });
    await expect(add("r-9999", 0)).rejects.toMatchObject({ code: "PERSON_NOT_REGISTERED" });
    await expect(add("r-0012", 5, 5)).rejects.toMatchObject({ code: "ASSIGNMENT_PERIOD" });
    expect(await audits()).toHaveLength(3);
  });

  test("that are ended leave the past as it was; not before a reading that was attributed", async () => {
    const id = await add("r-0012", 0);
    const at = house.clock.wall;
    await expect(
      endAssignment(house.registry, { id, at: at - hour }, async (_, from) => from < at, marie),
    ).rejects.toMatchObject({ code: "ASSIGNMENT_HAS_READINGS" });
    await endAssignment(house.registry, { id }, noReadings, marie);
    expect([whose(at - 1), whose(at)]).toEqual(["r-0012", "unassigned-then"]);
    await add("r-0014", at);
    expect(whose(at)).toBe("r-0014");
  });

  test("that were wrong are replaced by a new one, which says so; both stay known", async () => {
    const id = await add("r-0012", 0);
    const why = { by: "marie", reason: "rooms mixed up" };
    const right = await correctAssignment(house.registry, { id, person: "r-0014" }, nothing, why);
    expect(whose(1)).toBe("r-0014");
    await house.reopen();
    expect(house.registry.state.assignments.get(id)).toMatchObject({ person: "r-0012", correctedBy: right.id });
    expect(house.registry.state.assignments.get(right.id)).toMatchObject({ person: "r-0014", corrects: id });
    expect((await audits()).at(-1)).toMatchObject({ action: "assignment-corrected", reason: "rooms mixed up" });
    await expect(correctAssignment(house.registry, { id, person: "r-0012" }, nothing, why)).rejects.toMatchObject({
      code: "ASSIGNMENT_CORRECTED",
    });
  });
});

describe("persons and devices", () => {
  const ins = {
    status: "VALI",
    type: "INS-NIR",
    matricule: "255081416802538",
    birthName: "DURAND",
    firstGivenName: "ANNE",
    givenNames: "ANNE MARIE",
    gender: "female",
    birthDate: "1955-08-14",
    birthPlace: "14168",
  };

  test("a qualified identity enters; an unqualified one, a wrong key and a test one do not", async () => {
    await putPerson(house.registry, { ...room12, ins }, marie);
    const wrong = [{ status: "PROV" }, { matricule: "255081416802537" }, { birthName: "" }, { birthPlace: "X" }];
    for (const change of wrong) {
      await expect(putPerson(house.registry, { ...room14, ins: { ...ins, ...change } }, marie)).rejects.toMatchObject({
        code: "REGISTRY_INVALID",
        detail: { found: { fr: `ins.${Object.keys(change)[0]}` } },
      });
    }
    for (const type of ["INS-NIR-TEST", "INS-NIR-DEMO"]) {
      await expect(putPerson(house.registry, { ...room14, ins: { ...ins, type } }, marie)).rejects.toMatchObject({
        code: "INS_TEST_REFUSED",
      });
    }
  });

  test("a test identity enters where the configuration says so", async () => {
    await using trial = await House.open({ testIdentities: true });
    await putPerson(trial.registry, { ...room12, ins: { ...ins, type: "INS-NIR-TEST" } }, marie);
    expect(trial.registry.state.persons.get("r-0012")?.ins?.type).toBe("INS-NIR-TEST");
  });

  test("a NIR is no opaque reference", async () => {
    await expect(putPerson(house.registry, { ...room12, reference: ins.matricule }, marie)).rejects.toMatchObject({
      code: "REGISTRY_INVALID",
      detail: { found: { fr: "reference" } },
    });
  });

  test("a badge is one person's", async () => {
    await putPerson(house.registry, { ...room12, badge: "0004711" }, marie);
    await expect(putPerson(house.registry, { ...room14, badge: "0004711" }, marie)).rejects.toMatchObject({
      code: "BADGE_TAKEN",
    });
  });

  test("are not taken out while something is assigned", async () => {
    const id = await add("r-0012", 0);
    await expect(removeDevice(house.registry, cuff, marie)).rejects.toMatchObject({ code: "DEVICE_ASSIGNED" });
    await expect(removePerson(house.registry, "r-0012", marie)).rejects.toMatchObject({ code: "PERSON_ASSIGNED" });
    await endAssignment(house.registry, { id }, noReadings, marie);
    await removeDevice(house.registry, cuff, marie);
    await removePerson(house.registry, "r-0012", marie);
  });

  test("no INS, label, badge or trait is in the audit trail; no reference, address or INS stands in the raw files", async () => {
    await putPerson(house.registry, { ...room12, badge: "0004711", ins }, marie);
    const trail = JSON.stringify(await audits());
    for (const secret of ["255081416802538", "DURAND", "Chambre", "0004711"]) expect(trail).not.toContain(secret);
    await house.close();
    for (const file of await readdir(house.folder)) {
      const raw = await readFile(join(house.folder, file));
      for (const secret of ["r-0012", cuff, "DURAND", "255081416802538", "0004711"]) {
        expect(raw.includes(secret), `${secret} in ${file}`).toBe(false);
      }
    }
    await house.reopen();
  });
});

describe("consent", () => {
  const may = (at: number = house.clock.wall) => house.registry.mayReceive("r-0012", "coordination", at);
  const said = { person: "r-0012", destination: "coordination", medium: "paper" } as const;

  test("withdrawn withholds from that moment on; given again, delivers from then on", async () => {
    expect(may()).toBe(true);
    await giveConsent(house.registry, said, marie);
    house.clock.advance(hour);
    const moment = house.clock.wall;
    await withdrawConsent(house.registry, { ...said, medium: "oral" }, marie);
    expect([may(moment - 1), may(moment), may(moment + hour)]).toEqual([true, false, false]);
    expect(house.registry.mayReceive("r-0012", "another", moment)).toBe(true);
    house.clock.advance(hour);
    await giveConsent(house.registry, said, marie);
    expect(may()).toBe(true);
    await house.reopen();
    expect(may()).toBe(true);
    expect((await audits()).slice(-3).map(({ action, subject }) => [action, subject?.["medium"]])).toEqual([
      ["consent-given", "paper"],
      ["consent-withdrawn", "oral"],
      ["consent-given", "paper"],
    ]);
  });

  test("that was never given withholds where the configuration asks for it", async () => {
    await using strict = await House.open({ withoutConsent: "withhold" });
    expect(strict.registry.mayReceive("r-0012", "coordination", 0)).toBe(false);
  });
});
