/** Whatever is assigned, corrected and consented to, and whenever it is sent: what each destination then has of whom. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { drivers } from "../../drivers/all.ts";
import bloodPressure from "../../drivers/gatt-blood-pressure.ts";
import { routing } from "../../src/delivery/route.ts";
import { withholding } from "../../src/delivery/withhold.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";
import { correct, give, withdraw } from "../../src/intake/desk.ts";
import { createIntake } from "../../src/intake/intake.ts";
import type { DeskParts } from "../../src/intake/parts.ts";
import { assign } from "../../src/registry/assignments.ts";
import { putDevice, putPerson } from "../../src/registry/known.ts";
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
const noon = Date.parse("2024-06-23T12:00:00+02:00");
const minute = 60_000;
const everybody = ["r-0012", "r-0014"] as const;
const everywhere = ["coordination", "archive"] as const;

const who = fc.constantFrom(...everybody);
const where = fc.constantFrom(...everywhere);
const step = fc.oneof(
  fc.record({ do: fc.constant("measure" as const) }),
  fc.record({ do: fc.constant("correct" as const), person: who }),
  fc.record({ do: fc.constant("deliver" as const), destination: where }),
  fc.record({
    do: fc.constantFrom("give" as const, "withdraw" as const),
    person: who,
    destination: where,
    minutesAgo: fc.constantFrom(0, 7),
  }),
);

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** The measure is there, then neither person consents any more (or is said never to have), then it turns out whose it is. */
const withdrawals = ([0, 7] as const).map((minutesAgo): [Step[], "deliver" | "withhold"] => {
  const withdrawal = (person: (typeof everybody)[number]): Step => ({
    do: "withdraw",
    person,
    destination: "coordination",
    minutesAgo,
  });
  const deliver: Step = { do: "deliver", destination: "coordination" };
  const correction: Step = { do: "correct", person: "r-0014" };
  return [[{ do: "measure" }, deliver, withdrawal("r-0012"), withdrawal("r-0014"), correction], "deliver"];
});

const measureShape = z.object({
  entry: z
    .tuple([
      z.object({
        resource: z.object({
          status: z.enum(["final", "amended", "entered-in-error"]),
          identifier: z.tuple([z.object({ value: z.string() })]),
          subject: z.object({ identifier: z.object({ value: z.string() }) }),
        }),
      }),
    ])
    .rest(z.unknown()),
});

/** A platform that does with each bundle what its requests say. */
class View {
  readonly has = new Map<string, string>();
  /** What it was ever handed: `identifier person`. */
  readonly had = new Set<string>();
  cursor = 0;

  /** @param reveals whether somebody may be named to it for a reading that it never had as theirs. */
  take(body: Uint8Array, reveals: (person: string) => boolean): void {
    const { status, identifier, subject } = measureShape.parse(JSON.parse(Buffer.from(body).toString())).entry[0]
      .resource;
    const [[{ value: reading }], person] = [identifier, subject.identifier.value];
    switch (status) {
      case "final":
        if (!this.has.has(reading)) this.has.set(reading, person);
        break;
      case "amended":
        this.has.set(reading, person);
        break;
      case "entered-in-error":
        expect(this.had.has(`${reading} ${person}`) || reveals(person)).toBe(true);
        expect([undefined, person]).toContain(this.has.get(reading));
        this.has.delete(reading);
        break;
    }
    this.had.add(`${reading} ${person}`);
  }
}

test("no destination keeps a reading under a wrong person, nor learns of one whom it was never allowed", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 4, maxLength: 14 }),
      fc.constantFrom("deliver" as const, "withhold" as const),
      async (steps, withoutConsent) => {
        await using house = await House.open({ withoutConsent }, new FakeClock(noon));
        const { registry, journal, clock } = house;
        await putDevice(registry, { address: cuff, label: "Tensiomètre A" }, marie);
        for (const person of [room12, room14]) await putPerson(registry, person, marie);
        const intake = createIntake({ gateway, registry, journal, observe: () => {} });
        const specializationOf = (driver: string) => known.get(driver).specialization;
        const parts: DeskParts = { gateway, journal, registry, clock, destinations: everywhere, specializationOf };
        let assignment = await assign(registry, { device: cuff, person: "r-0012", from: noon - 600 * minute }, marie);

        const views = new Map(everywhere.map((name) => [name, new View()]));
        const allowed = new Set<string>();
        const deliver = async (destination: (typeof everywhere)[number]) => {
          const view = views.get(destination) ?? new View();
          const withhold = routing({ destination, consent: registry, clock });
          for (const segment of await journal.segments(view.cursor + 1, 10_000)) {
            for (const record of withholding(segment, withhold).records) {
              if (isWithheld(record) || record.kind !== RecordKind.measure) continue;
              view.take(record.body, (person) => allowed.has(`${person} ${destination}`));
            }
          }
          view.cursor = journal.lastSeq;
        };
        const remember = () => {
          for (const person of everybody) {
            for (const destination of everywhere) {
              const may = registry.mayReceive(person, destination, clock.wall);
              if (may) allowed.add(`${person} ${destination}`);
            }
          }
        };

        let measured = 0;
        for (const one of steps) {
          remember();
          clock.advance(minute);
          switch (one.do) {
            case "measure": {
              measured += 1;
              const bytes = Buffer.from(
                `167c0056006100e80706170a${measured.toString(16).padStart(2, "0")}0033000000`,
                "hex",
              );
              const device = { address: cuff, transport: "ble" } as const;
              await intake.take({ driver: bloodPressure, channel: 0x2a35, device, receivedAt: clock.now(), bytes });
              break;
            }
            case "correct":
              assignment = (
                await correct({ id: assignment, person: one.person }, parts, { by: "marie", reason: "slip" })
              ).id;
              break;
            case "deliver":
              await deliver(one.destination);
              break;
            default: {
              const { person, destination, minutesAgo } = one;
              const said = { person, destination, medium: "oral", at: clock.wall - minutesAgo * minute } as const;
              await (one.do === "give" ? give : withdraw)(said, parts, marie);
            }
          }
        }
        remember();
        for (const destination of everywhere) await deliver(destination);
        const right = registry.state.assignments.get(assignment)?.person;
        for (const { has } of views.values())
          expect([...new Set(has.values())].filter((one) => one !== right)).toEqual([]);
      },
    ),
    { numRuns: 40, seed: 20_261_121, examples: [...withdrawals] },
  );
});
