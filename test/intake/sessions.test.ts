import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import bloodPressure from "../../drivers/gatt-blood-pressure.ts";
import scaleLine from "../../drivers/scale-line.ts";
import { createIntake } from "../../src/intake/intake.ts";
import type { Frame } from "../../src/intake/port.ts";
import type { Appended, Draft, Fact, JournalFacts, JournalWriter } from "../../src/journal/port.ts";
import { wallMs } from "../../src/measure/time.ts";
import { assign } from "../../src/registry/assignments.ts";
import { putDevice, putPerson } from "../../src/registry/known.ts";
import { SessionBook } from "../../src/registry/sessions.ts";
import { RegistryStore } from "../../src/registry/store.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { cuff, House, marie, room12, room14 } from "../fixtures/registry.ts";

const scale = "balance-1";
const gateway = {
  id: "ehpad-test",
  structure: { finess: "750000001", name: "EHPAD" },
  timeZone: "Europe/Paris",
  version: "0",
};
let house: House;

beforeEach(async () => {
  house = await House.open({}, new FakeClock(Date.parse("2024-06-23T14:37:30+02:00")));
  for (const address of [cuff, scale]) await putDevice(house.registry, { address, label: "Commun" }, marie);
  await putPerson(house.registry, { ...room12, badge: "0012" }, marie);
  await putPerson(house.registry, { ...room14, badge: "0014" }, marie);
});
afterEach(() => house[Symbol.asyncDispose]());

const intakeOf = ({ registry, sessions, journal }: Pick<House, "registry" | "sessions" | "journal">) =>
  createIntake({ gateway, registry, sessions, journal, observe: () => {} });
const weighing = (text = "ST,+0061.55kg"): Frame => ({
  driver: scaleLine,
  channel: "serial",
  device: { address: scale, transport: "serial" },
  receivedAt: house.clock.now(),
  bytes: Buffer.from(text),
});
/** The cuff's own time is 2024-06-23 14:39:00. */
const inflation = (hex = "16 7c00 5600 6100 e8070617 0e2700 3300 0000"): Frame => ({
  driver: bloodPressure,
  channel: 0x2a35,
  device: { address: cuff, transport: "ble" },
  receivedAt: house.clock.now(),
  bytes: Buffer.from(hex.replaceAll(" ", ""), "hex"),
});
const open = (device: string, badge: string, lasts?: number) =>
  house.sessions.start({ device, who: { badge }, ...(lasts === undefined ? {} : { lasts }) }, marie);
const measures = async () => (await house.observations()).map(({ subject }) => subject.identifier.value);
const waiting = async () => (await house.bodies(RecordKind.quarantine)).map(({ reason }) => reason);

describe("a session", () => {
  test("binds the next reading, all that it holds, and no other", async () => {
    const intake = intakeOf(house);
    await open(cuff, "0012");
    house.clock.advance(90_000);
    await intake.take(inflation());
    await intake.take(inflation("16 7d00 5600 6100 e8070617 0e2800 3300 0000"));
    expect(await measures()).toEqual(["r-0012", "r-0012"]);
    expect(await waiting()).toEqual(["unassigned", "unassigned"]);
    expect(house.sessions.list()).toEqual([]);
    await house.reopen();
    expect(house.sessions.list()).toEqual([]);
  });

  test("goes before an assignment of the same device", async () => {
    await assign(house.registry, { device: scale, person: "r-0014", from: 0 }, marie);
    await open(scale, "0012");
    const intake = intakeOf(house);
    await intake.take(weighing());
    house.clock.advance(1);
    await intake.take(weighing());
    expect(await measures()).toEqual(["r-0012", "r-0014"]);
  });

  test("is over after its time, by the clock that nobody can set", async () => {
    await open(scale, "0012", 60_000);
    house.clock.advance(60_000);
    house.clock.wall = wallMs(house.clock.wall - 3_600_000);
    await intakeOf(house).take(weighing());
    expect(await measures()).toEqual([]);
    await open(scale, "0014");
  });

  test("outlives a restart of the gateway, not one of the board", async () => {
    await open(scale, "0012");
    await house.reopen();
    expect(house.sessions.list()).toHaveLength(1);
    house.clock.bootId = "f".repeat(32);
    expect(house.sessions.list()).toEqual([]);
  });

  test("refuses a second one beside it, until it is closed", async () => {
    await open(scale, "0012");
    await expect(open(scale, "0014")).rejects.toMatchObject({ code: "SESSION_OPEN" });
    await house.sessions.close(scale, marie);
    await open(scale, "0014");
    await intakeOf(house).take(weighing());
    expect(await measures()).toEqual(["r-0014"]);
  });

  test("of two that are opened in the same instant, one is refused", async () => {
    const both = await Promise.allSettled([open(scale, "0012"), open(scale, "0014")]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });

  test("is left open by a failed inflation, a repeat and an unstable weight", async () => {
    const intake = intakeOf(house);
    await open(cuff, "0014");
    house.clock.advance(90_000);
    await intake.take(inflation());
    await open(cuff, "0012");
    await intake.take(inflation());
    await intake.take(inflation("16 ff07 ff07 ff07 e8070617 0e270a ff07 0000"));
    expect(house.sessions.list()).toHaveLength(1);
    await open(scale, "0012");
    await intake.take(weighing("US,+0061.55kg"));
    expect(house.sessions.list()).toHaveLength(2);
  });

  test("never takes what a memory gives back from before it", async () => {
    house.clock.advance(3_600_000);
    await open(cuff, "0012");
    await intakeOf(house).take(inflation());
    expect(await measures()).toEqual([]);
    expect(house.sessions.list()).toHaveLength(1);
  });

  test("never takes a reading whose time cannot be compared with its own", async () => {
    house.clock.synchronised = false;
    await open(cuff, "0012");
    await intakeOf(house).take(inflation());
    house.clock.synchronised = true;
    house.clock.wall = wallMs(house.clock.wall - 7 * 86_400_000);
    await intakeOf(house).take(inflation("16 7d00 5600 6100 e8070617 0e2800 3300 0000"));
    expect(await measures()).toEqual([]);
  });

  test("is opened for a badge that is somebody's, on a device that is known", async () => {
    await expect(open(scale, "9999")).rejects.toMatchObject({ code: "BADGE_UNKNOWN" });
    await expect(open("balance-9", "0012")).rejects.toMatchObject({ code: "DEVICE_UNKNOWN" });
  });
});

/** A journal that commits when it is told to, in order, or refuses. */
class HeldJournal implements JournalWriter, JournalFacts {
  readonly drafts: Draft[] = [];
  #held: {
    readonly draft: Draft;
    readonly resolve: (appended: Appended) => void;
    readonly reject: (error: Error) => void;
  }[] = [];

  append(draft: Draft, _facts?: readonly Fact[]): Promise<Appended> {
    return new Promise((resolve, reject) => this.#held.push({ draft, resolve, reject }));
  }

  async facts() {
    return [];
  }

  async commit(refuses = false): Promise<void> {
    for (const { draft, resolve, reject } of this.#held.splice(0)) {
      if (refuses) reject(new Error("full"));
      else resolve({ seq: this.drafts.push(draft), duplicate: false });
    }
    // What waited goes on, and what it appends is held in its turn.
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
}

test("whatever happens in whatever order, two sessions never mix, and each binds one frame at most", async () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("open" as const),
        badge: fc.constantFrom("0012", "0014"),
        lasts: fc.integer({ min: 1, max: 20_000 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("measure" as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 4_000 }) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("commit" as const), refuses: fc.boolean() }) },
  );
  let bound = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: "max" }), async (steps) => {
      const clock = new FakeClock(Date.parse("2024-06-23T14:38:30+02:00"));
      const journal = new HeldJournal();
      const registry = await RegistryStore.open({ journal, clock });
      const settled = async <Result>(work: Promise<Result>) => {
        await Promise.resolve();
        for (let turn = 0; turn < 5; turn += 1) await journal.commit();
        return work;
      };
      await settled(putDevice(registry, { address: cuff, label: "Commun" }, marie));
      await settled(putPerson(registry, { ...room12, badge: "0012" }, marie));
      await settled(putPerson(registry, { ...room14, badge: "0014" }, marie));
      const sessions = await SessionBook.open({ journal, clock, registry });
      const intake = createIntake({ gateway, registry, sessions, journal, observe: () => {} });
      const running: Promise<unknown>[] = [];
      let serial = 0;
      for (const one of steps) {
        if (one.do === "wait") clock.advance(one.ms);
        else if (one.do === "commit") await journal.commit(one.refuses);
        else if (one.do === "close") running.push(sessions.close(cuff, marie).catch(() => undefined));
        else if (one.do === "open") {
          const who = { badge: one.badge };
          running.push(sessions.start({ device: cuff, who, lasts: one.lasts }, marie).catch(() => undefined));
        } else {
          // Each frame has a pressure of its own; it yields a pressure and a pulse.
          const low = (60 + (serial++ % 60)).toString(16).padStart(2, "0");
          const bytes = Buffer.from(`167c00${low}006100e80706170e270033000000`, "hex");
          const device = { address: cuff, transport: "ble" } as const;
          const frame = { driver: bloodPressure, channel: 0x2a35, device, receivedAt: clock.now(), bytes };
          // A link hands a frame over again that the journal refused.
          running.push(intake.take(frame).catch(() => intake.take(frame).catch(() => undefined)));
        }
        await Promise.resolve();
      }
      for (let turn = 0; turn < 10; turn += 1) await journal.commit();
      await Promise.all(running);

      bound += journal.drafts.filter(({ kind }) => kind === RecordKind.measure).length;
      const framesOf = new Map<string, Set<string>>();
      const whoseFrame = new Map<string, Set<string>>();
      for (const { kind, source, person } of journal.drafts) {
        if (kind !== RecordKind.measure || source === undefined) continue;
        const { by, measurement } = JSON.parse(Buffer.from(source).toString());
        framesOf.set(by, (framesOf.get(by) ?? new Set()).add(measurement.raw));
        whoseFrame.set(measurement.raw, (whoseFrame.get(measurement.raw) ?? new Set()).add(`${by} ${person}`));
      }
      for (const frames of framesOf.values()) expect(frames.size).toBe(1);
      for (const whose of whoseFrame.values()) expect(whose.size).toBe(1);
    }),
    { numRuns: 300 },
  );
  expect(bound).toBeGreaterThan(100);
});
