/** What holds at any FHIR server: at the strict one of our own, and at Medplum's, which nobody here wrote. */
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { BundleForm } from "../../../src/delivery/fhir/render.ts";
import { toBundle } from "../../../src/fhir/bundle.ts";
import { flavours, type MeasureStatus } from "../../../src/fhir/port.ts";
import { sayWhose } from "../../../src/intake/directory.ts";
import { readingId, uuidOf } from "../../../src/measure/identity.ts";
import type { Measurement } from "../../../src/measure/measurement.ts";
import { clinicalKinds, measurementOf } from "../../fhir/arbitrary.ts";
import { gateway, mesOptions, namelessThermometer, optionsFor, person, scale } from "../../fhir/samples.ts";
import { newJournal } from "../../fixtures/feed.ts";
import { draftOf, identifierOf, measureDraft, openFhir, standingAt } from "../../fixtures/fhir-feed.ts";
import { type FhirServer, startFhirServer } from "../../fixtures/fhir-server.ts";
import { startMedplum } from "../../fixtures/medplum.ts";
import type { MemoryDraft, MemoryJournal } from "../../fixtures/memory-journal.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});
const closing = <One extends AsyncDisposable>(one: One): One => {
  open.unshift(one);
  return one;
};

const journalOf = (drafts: readonly MemoryDraft[]): MemoryJournal => {
  const journal = newJournal();
  for (const draft of drafts) journal.commit(draft);
  return journal;
};

/** Sends a whole journal. @returns the records that were put aside. */
async function deliver(journal: MemoryJournal, server: FhirServer, form?: BundleForm, through = journal.lastSeq) {
  const { destination, receipted, deadLetters } = await openFhir(journal, server.base, {}, form);
  await receipted(through);
  await destination[Symbol.asyncDispose]();
  return deadLetters.list();
}

interface Kept {
  readonly device?: { readonly reference?: string };
  readonly identifier: readonly { readonly value: string }[];
  readonly status?: string;
  readonly subject?: { readonly reference?: string };
  readonly result?: readonly { readonly reference: string }[];
  readonly id: string;
}
const kept = (server: FhirServer, type: string): readonly Kept[] => JSON.parse(JSON.stringify(server.of(type)));
const namesOf = (server: FhirServer, type = "Observation"): readonly (string | undefined)[] =>
  kept(server, type)
    .map(({ identifier }) => identifier[0]?.value)
    .sort();

/** One of every kind, with all a device may say about it; always the same ones. */
const measurements: readonly Measurement[] = clinicalKinds.map((kind) => {
  const made = fc
    .sample(measurementOf(kind), { seed: 2_026, numRuns: 20 })
    .find((measurement) => "bundle" in toBundle(measurement, person, gateway, optionsFor(measurement)));
  if (made === undefined) throw new Error(`no ${kind}`);
  return made;
});

const isMadeFor = (measurement: Measurement, form: BundleForm): boolean =>
  "bundle" in toBundle(measurement, person, gateway, optionsFor(measurement, form));

const forms: readonly (readonly [string, BundleForm])[] = [
  ...flavours.map((flavour) => [flavour, { flavour, mes: mesOptions }] as const),
  ["platform, with references by id", { flavour: "platform", references: "literal" }],
  ["strict, with the INS", { flavour: "strict", identity: "ins" }],
];

describe.each([
  ["a strict FHIR server", () => startFhirServer()],
  ["Medplum's FHIR router", startMedplum],
] as const)("%s", (_server, start) => {
  it.each(forms)("has every measure of every kind once, however often they come: %s", async (_what, form) => {
    const server = closing(await start());
    const journal = journalOf(measurements.map((measurement) => draftOf(measurement)));
    expect(await deliver(journal, server, form)).toEqual([]);
    const expected = measurements.filter((measurement) => isMadeFor(measurement, form));
    const names = expected.map((measurement) => uuidOf(readingId(measurement, gateway.id))).sort();
    expect(namesOf(server)).toEqual(names);
    const others = () => ["Device", "DiagnosticReport", "Patient"].map((type) => namesOf(server, type));
    const before = others();
    expect(before[2]).toHaveLength(form.identity === "ins" ? 1 : 0);
    expect(await deliver(standingAt(journal, 0), server, form)).toEqual([]);
    expect(namesOf(server)).toEqual(names);
    expect(others()).toEqual(before);
  });

  it.each(["platform", "strict"] as const)("has no reference that leads nowhere: %s", async (flavour) => {
    const server = closing(await start());
    const journal = journalOf(measurements.map((measurement) => draftOf(measurement)));
    expect(await deliver(journal, server, { flavour, identity: "ins" })).toEqual([]);
    const there = new Set(
      ["Device", "Patient", "Observation"].flatMap((type) => kept(server, type).map(({ id }) => `${type}/${id}`)),
    );
    const references = [
      ...kept(server, "Observation").flatMap(({ device, subject }) => [device?.reference, subject?.reference]),
      ...kept(server, "DiagnosticReport").flatMap(({ subject, result = [] }) => [
        subject?.reference,
        ...result.map(({ reference }) => reference),
      ]),
    ];
    expect(references.filter((one) => one === undefined || !there.has(one))).toEqual([]);
    expect(references.length).toBeGreaterThan(2 * measurements.length);
  });

  it.each(forms)("loses and doubles nothing where the answer to what it committed is lost: %s", async (_what, form) => {
    const server = closing(await start());
    const lost = new Set<string>();
    server.committed = ({ body, socket }) => {
      const text = body.toString();
      if (lost.has(text)) return;
      lost.add(text);
      socket.resetAndDestroy();
    };
    const devices = [undefined, namelessThermometer, scale];
    const drafts = [1, 2, 3, 4, 5, 6].map((n) => measureDraft(n, devices[n % 3]));
    expect(await deliver(journalOf(drafts), server, form)).toEqual([]);
    expect(lost.size).toBe(6);
    expect(namesOf(server)).toEqual(drafts.map(identifierOf).sort());
  });

  it.each(["platform", "strict"] as const)(
    "has of an amended measure the amended one, in place of the first, whatever comes again: %s",
    async (flavour) => {
      const server = closing(await start());
      const glucose = measurements.find(({ kind }) => kind === "glucose");
      if (glucose === undefined) throw new Error("no glucose");
      const first = [measureDraft(1), measureDraft(2), draftOf(glucose)];
      const amended = [measureDraft(1, undefined, { status: "amended" }), draftOf(glucose, { status: "amended" })];
      const journal = journalOf([...first, ...amended]);
      for (const cursor of [0, 0, 3, 4]) {
        expect(await deliver(standingAt(journal, cursor), server, { flavour })).toEqual([]);
        const [one, two, three] = first.map((draft) => {
          const named = kept(server, "Observation").filter(
            ({ identifier }) => identifier[0]?.value === identifierOf(draft),
          );
          return named.map(({ status }) => status);
        });
        expect([one, two, three]).toEqual([["amended"], ["final"], ["amended"]]);
        const [report, ...others] = kept(server, "DiagnosticReport");
        expect([report?.status, others]).toEqual(["amended", []]);
        const measured = kept(server, "Observation").find(
          ({ id }) => report?.result?.[0]?.reference === `Observation/${id}`,
        );
        expect(measured?.identifier[0]?.value).toBe(identifierOf(draftOf(glucose)));
      }
    },
  );

  it.each(["platform", "strict"] as const)(
    "has a measure that was taken back as an error, until it is the right one's: %s",
    async (flavour) => {
      const server = closing(await start());
      const glucose = measurements.find(({ kind }) => kind === "glucose");
      if (glucose === undefined) throw new Error("no glucose");
      const versions = (status: MeasureStatus) => [
        measureDraft(1, undefined, { status }),
        draftOf(glucose, { status }),
      ];
      const taken = [...versions("final"), ...versions("entered-in-error")];
      const statuses = () =>
        ["Observation", "DiagnosticReport"].map((type) => kept(server, type).map(({ status }) => status));
      for (const cursor of [0, 0, 2, 3]) {
        expect(await deliver(standingAt(journalOf(taken), cursor), server, { flavour })).toEqual([]);
        expect(statuses()).toEqual([["entered-in-error", "entered-in-error"], ["entered-in-error"]]);
      }
      expect(await deliver(standingAt(journalOf([...taken, ...versions("amended")]), 3), server, { flavour })).toEqual(
        [],
      );
      expect(statuses()).toEqual([["amended", "amended"], ["amended"]]);
    },
  );

  it("creates the amended measure where the first one never came", async () => {
    const server = closing(await start());
    expect(await deliver(journalOf([measureDraft(1, undefined, { status: "amended" })]), server)).toEqual([]);
    expect(kept(server, "Observation").map(({ status }) => status)).toEqual(["amended"]);
  });

  it("refuses a poisonous record whole, and takes those behind it", async () => {
    const server = closing(await start());
    const poison = JSON.parse(measureDraft(2).body);
    delete poison.entry[0].resource.code;
    const drafts = [
      measureDraft(1, scale),
      { ...measureDraft(2), body: JSON.stringify(poison) },
      measureDraft(3, scale),
    ];
    // The fourth record is the event that tells of it.
    const [letter, ...others] = await deliver(journalOf(drafts), server, undefined, 4);
    expect([letter?.seq, others]).toEqual([2, []]);
    expect(letter?.words).toMatch(/Observation\.code|code/);
    expect(namesOf(server)).toEqual([drafts[0], drafts[2]].map((draft) => draft && identifierOf(draft)).sort());
    // Its Device would have been good, but stood in the same transaction.
    expect(server.of("Device")).toHaveLength(1);
  });

  it("has the gateway's own Device once, at its newest, however often it comes", async () => {
    const server = closing(await start());
    const journal = newJournal();
    for (const version of ["0.0.1", "0.0.2"]) await sayWhose({ ...gateway, version }, journal);
    for (const cursor of [0, 0, 1]) {
      expect(await deliver(standingAt(journal, cursor), server)).toEqual([]);
      expect(server.of("Device")).toMatchObject([{ version: [{ value: gateway.version }] }]);
    }
  });

  it.each(["strict", "mes"] as const)("has no gateway where no measure names it: %s", async (flavour) => {
    const server = closing(await start());
    const journal = newJournal();
    await sayWhose(gateway, journal);
    journal.commit(measureDraft(1));
    expect(await deliver(journal, server, { flavour })).toEqual([]);
    expect(server.of("Device")).toHaveLength(1);
  });
});
