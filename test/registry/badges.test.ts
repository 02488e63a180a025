import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { showBadge } from "../../src/registry/badges.ts";
import { giveBadge, putDevice, putPerson } from "../../src/registry/known.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { cuff, House, marie, room12, room14 } from "../fixtures/registry.ts";

const scale = "balance-1";
const place = { devices: [cuff, scale], lasts: 120_000, reader: "couloir-a" };
let house: House;
beforeEach(async () => {
  house = await House.open();
  for (const address of [cuff, scale]) await putDevice(house.registry, { address, label: "Commun" }, marie);
  await putPerson(house.registry, { ...room12, badge: "0012" }, marie);
  await putPerson(house.registry, { ...room14, badge: "0014" }, marie);
});
afterEach(() => house[Symbol.asyncDispose]());

const show = (badge: string) => showBadge(badge, place, house.sessions);
const open = () => house.sessions.list().map(({ device, person }) => `${device} ${person}`);
const take = (device: string, taken?: number) => {
  const claim = house.sessions.claim(device, house.clock.now(), taken);
  claim?.settle(true);
  return claim?.person.reference;
};

describe("a badge at a reader", () => {
  test("opens a session on each device of the place, for the place's time, in the reader's name", async () => {
    expect(await show("0012")).toBe("opened");
    expect(open()).toEqual([`${cuff} r-0012`, `${scale} r-0012`]);
    expect((await house.bodies(RecordKind.audit)).at(-1)).toMatchObject({
      by: "reader couloir-a",
      action: "session-opened",
    });
    house.clock.advance(120_000);
    expect(open()).toEqual([]);
  });

  test("shown again closes what it opened", async () => {
    await show("0012");
    expect(await show("0012")).toBe("closed");
    expect(open()).toEqual([]);
    expect(await show("0012")).toBe("opened");
  });

  test("of the next person closes what is open and opens nothing; shown again it opens", async () => {
    await show("0012");
    expect(take(scale)).toBe("r-0012");
    expect(await show("0014")).toBe("displaced");
    expect(open()).toEqual([]);
    expect(take(cuff)).toBeUndefined(); // on its way between the two: nobody's
    expect(await show("0014")).toBe("opened");
  });

  test("does not get a reading of before it that was the displaced one's, though devices tell whole minutes", async () => {
    await show("0012");
    house.clock.advance(20_000);
    const taken = house.clock.now().wall;
    house.clock.advance(10_000);
    await show("0014");
    await show("0014");
    expect(take(cuff, taken)).toBeUndefined();
    expect(take(cuff, house.clock.now().wall)).toBe("r-0014");
  });

  test("keeps the minute of grace where nobody's session ended just before", async () => {
    await show("0012");
    house.clock.advance(30_000);
    expect(take(cuff, house.clock.now().wall - 60_000)).toBe("r-0012");
    house.clock.advance(180_000 + 60_000);
    await show("0014");
    expect(take(scale, house.clock.now().wall - 30_000)).toBe("r-0014");
  });

  test("that is nobody's opens nothing and closes nothing", async () => {
    await show("0012");
    await expect(show("9999")).rejects.toMatchObject({ code: "BADGE_UNKNOWN" });
    expect(open()).toHaveLength(2);
  });

  test("opens on all devices or on none", async () => {
    const some = { ...place, devices: [scale, "balance-9"] };
    await expect(showBadge("0012", some, house.sessions)).rejects.toMatchObject({ code: "DEVICE_UNKNOWN" });
    expect(open()).toEqual([]);
  });

  test("never gives one tap two persons' devices: whatever is shown and read, at most one person is open", async () => {
    const step = fc.oneof(
      fc.constantFrom("0012", "0014").map((badge) => ({ badge })),
      fc.constantFrom(cuff, scale).map((device) => ({ device })),
      fc.integer({ min: 1, max: 90_000 }).map((pass) => ({ pass })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        house.clock.advance(600_000); // what the round before left open is over
        for (const one of steps) {
          const before = new Set(house.sessions.list().map(({ person }) => person));
          if ("badge" in one) await show(one.badge);
          else if ("device" in one) take(one.device);
          else house.clock.advance(one.pass);
          const after = new Set(house.sessions.list().map(({ person }) => person));
          expect(after.size).toBeLessThanOrEqual(1);
          // From one person to another there is always a moment in which nobody has the devices.
          for (const person of after) expect(before.size === 0 || before.has(person)).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("giving a badge", () => {
  test("changes the badge alone, says so without the number, and takes it away again", async () => {
    await giveBadge(house.registry, { person: "r-0012", badge: "04A2F1" }, marie);
    expect(house.registry.state.persons.get("r-0012")).toEqual({ ...room12, badge: "04A2F1" });
    await giveBadge(house.registry, { person: "r-0012", badge: undefined }, marie);
    expect(house.registry.state.persons.get("r-0012")).toEqual(room12);
    const trail = await house.bodies(RecordKind.audit);
    expect(trail.slice(-2).map(({ action }) => action)).toEqual(["badge-given", "badge-taken"]);
    expect(JSON.stringify(trail)).not.toContain("04A2F1");
  });

  test("refuses another person's badge, an unknown person, and what is no badge", async () => {
    const give = (person: string, badge: string) => giveBadge(house.registry, { person, badge }, marie);
    await expect(give("r-0012", "0014")).rejects.toMatchObject({ code: "BADGE_TAKEN" });
    await expect(give("r-0099", "1")).rejects.toMatchObject({ code: "PERSON_NOT_REGISTERED" });
    await expect(give("r-0012", "two words")).rejects.toMatchObject({ code: "REGISTRY_INVALID" });
  });
});
