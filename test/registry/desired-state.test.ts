import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { applyDocument, documentOf } from "../../src/registry/desired-state.ts";
import { putPerson } from "../../src/registry/known.ts";
import { seed } from "../../src/registry/seed.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { cuff, House, marie, room12, room14 } from "../fixtures/registry.ts";

let house: House;
beforeEach(async () => {
  house = await House.open();
});
afterEach(() => house[Symbol.asyncDispose]());

const past = "2026-01-05T08:00:00+01:00";
const device = { address: cuff, label: "Tensiomètre A" };
const base = {
  version: 1,
  devices: [device],
  persons: [room12, room14],
  assignments: [{ device: cuff, person: "r-0012", from: past }],
  consents: [
    {
      person: "r-0012",
      destination: "coordination",
      said: [{ what: "given", at: past, medium: "paper", by: "marie" }],
    },
  ],
};
const apply = (document: unknown, dryRun = false, hasReadings = async () => false) =>
  applyDocument(house.registry, { document, dryRun }, hasReadings, marie);
const told = async (document: unknown, dryRun = false) =>
  (await apply(document, dryRun)).map(({ do: what, what: kind }) => `${what} ${kind}`);

test("a document is applied once; again it changes nothing and is no record", async () => {
  expect(await told(base)).toEqual(["add device", "add person", "add person", "add assignment", "add consent"]);
  const { lastSeq } = house.journal;
  expect(await told(base)).toEqual([]);
  expect(house.journal.lastSeq).toBe(lastSeq);
  expect((await house.bodies(RecordKind.audit)).map(({ action }) => action)).toEqual(["registry-applied"]);
});

test("a dry run tells the same and changes nothing", async () => {
  expect(await told(base, true)).toHaveLength(5);
  expect([house.journal.lastSeq, house.registry.state.devices.values()]).toEqual([0, []]);
});

test("what is exported applies to itself, and rebuilds the registry elsewhere", async () => {
  await apply(base);
  const document = JSON.parse(JSON.stringify(documentOf(house.registry.state, true)));
  expect(await told(document)).toEqual([]);
  await using other = await House.open();
  await applyDocument(other.registry, { document, dryRun: false }, async () => false, marie);
  expect(documentOf(other.registry.state, true)).toEqual(documentOf(house.registry.state, true));
});

test("a section that is there is complete; one that is not is left alone", async () => {
  await apply(base);
  expect(await told({ version: 1, devices: [device] })).toEqual([]);
  expect(await told({ version: 1, persons: [room12], assignments: [] })).toEqual(["end assignment", "remove person"]);
  expect(house.registry.attribute(cuff, undefined, { at: house.clock.wall })).toEqual({
    quarantine: "unassigned-then",
  });
  expect(house.registry.attribute(cuff, undefined, { at: house.clock.wall - 1 })).toMatchObject({ person: room12 });
});

test("a device goes from one person to the next in one document", async () => {
  await apply(base);
  const moved = new Date(house.clock.wall).toISOString();
  const assignments = [
    { device: cuff, person: "r-0012", from: past, until: moved },
    { device: cuff, person: "r-0014", from: moved },
  ];
  expect(await told({ version: 1, assignments })).toEqual(["change assignment", "add assignment"]);
});

test("what has been is not rewritten by a document", async () => {
  await apply(base);
  const other = { version: 1, assignments: [{ device: cuff, person: "r-0014", from: past }] };
  await expect(apply(other)).rejects.toMatchObject({ code: "STATE_REFUSED" });
  const shorter = {
    version: 1,
    assignments: [{ device: cuff, person: "r-0012", from: past, until: "2026-02-01T00:00:00Z" }],
  };
  await expect(apply(shorter, false, async () => true)).rejects.toMatchObject({ code: "ASSIGNMENT_HAS_READINGS" });
});

test("one fault in a document and nothing of it is applied", async () => {
  const twice = {
    ...base,
    assignments: [...base.assignments, { device: cuff, person: "r-0014", from: "2026-03-01T00:00:00Z" }],
  };
  await expect(apply(twice)).rejects.toMatchObject({ code: "ASSIGNMENT_OVERLAPS" });
  await expect(apply({ ...base, devices: [{ address: "no address", label: "" }] })).rejects.toMatchObject({
    code: "REGISTRY_INVALID",
    detail: { found: { fr: "devices.0.address, devices.0.label" } },
  });
  await expect(apply({ ...base, version: 2 })).rejects.toMatchObject({ code: "REGISTRY_INVALID" });
  expect(house.registry.state.devices.values()).toEqual([]);
});

test("an identity that a document leaves out stays known; null takes it away", async () => {
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
  await putPerson(house.registry, { ...room12, ins }, marie);
  expect(JSON.stringify(documentOf(house.registry.state, false))).not.toContain("DURAND");
  await apply({ version: 1, persons: [room12] });
  expect(house.registry.state.persons.get("r-0012")?.ins?.birthName).toBe("DURAND");
  await apply({ version: 1, persons: [{ ...room12, ins: null }] });
  expect(house.registry.state.persons.get("r-0012")?.ins).toBeUndefined();
});

test("whatever documents come, in whatever order, a reading is never two persons'", async () => {
  const day = fc.integer({ min: 1, max: 28 }).map((n) => `2026-05-${String(n).padStart(2, "0")}T00:00:00Z`);
  const assignment = fc.record(
    {
      device: fc.constant(cuff),
      person: fc.constantFrom("r-0012", "r-0014"),
      from: day,
      until: day,
      userSlot: fc.constantFrom(1, 2),
    },
    { requiredKeys: ["device", "person", "from"] },
  );
  await apply(base);
  await fc.assert(
    fc.asyncProperty(fc.array(assignment, { maxLength: 4 }), async (assignments) => {
      await apply({ version: 1, assignments }).catch(() => undefined);
      const rules = house.registry.state.assignments.values();
      for (let n = 1; n <= 28; n += 1) {
        for (const slot of [undefined, 1, 2]) {
          const at = Date.UTC(2026, 4, n, 12);
          const fitting = rules.filter(
            (one) => one.from <= at && at < (one.until ?? Number.POSITIVE_INFINITY) && (one.userSlot ?? slot) === slot,
          );
          expect(fitting.length).toBeLessThan(2);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test("the configuration's entries enter once: what was ended or removed since stays so", async () => {
  const from = Date.parse(past);
  const seeds = { devices: [device], persons: [room12], assignments: [{ device: cuff, person: "r-0012", from }] };
  expect(await seed(house.registry, seeds)).toEqual([]);
  expect(await told({ version: 1, assignments: [] })).toEqual(["end assignment"]);
  await house.reopen();
  const { lastSeq } = house.journal;
  expect(await seed(house.registry, seeds)).toEqual([]);
  expect(house.journal.lastSeq).toBe(lastSeq);
  const more = {
    ...seeds,
    persons: [room12, room14],
    assignments: [...seeds.assignments, { device: cuff, person: "r-0014", from: from + 1 }],
  };
  expect((await seed(house.registry, more)).map(({ code }) => code)).toEqual(["ASSIGNMENT_OVERLAPS"]);
  expect(house.registry.state.persons.get("r-0014")).toEqual(room14);
});
