/** Any sequence of what can be done to a journal gives what the model (model.ts) says, through crashes and restarts. */
import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Draft, type Journal, REFUSALS } from "../../src/journal/port.ts";
import { isWithheld, RecordKind, type TravellingRecord } from "../../src/seal/record.ts";
import { Verifier } from "../../src/seal/verifier.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { ringOf, testKey } from "../fixtures/seal.ts";
import { ERASE_AFTER, Model, type ModelDraft, PRUNE_AFTER } from "./model.ts";
import { draft, newFolder, open } from "./setting.ts";

const destinations = ["platform", "hospital"];
const DAY = 86_400_000;

/** What can be done. Numbers are reduced to what there is when it is done. */
type Step =
  | { readonly do: "append"; readonly numbers: readonly number[] }
  | { readonly do: "advance"; readonly destination: string; readonly share: number }
  | { readonly do: "wait"; readonly days: number }
  | { readonly do: "erasePerson"; readonly person: number }
  | { readonly do: "discard"; readonly seq: number }
  | { readonly do: "refuse"; readonly share: number; readonly isRefused: boolean }
  | { readonly do: "read"; readonly share: number }
  /** All is receipted, and a month goes by: the whole way from a receipt to a prune. */
  | { readonly do: "month" }
  | { readonly do: "retain" | "rotateBoxKey" | "rotateSigningKey" | "reopen" | "crash" | "verify" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      numbers: fc.array(fc.nat(120), { minLength: 1, maxLength: 9 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("advance" as const),
      destination: fc.constantFrom(...destinations),
      share: fc.constantFrom(0.3, 0.7, 1, 1, 1),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), days: fc.constantFrom(1, 6, 8, 31) }) },
  { weight: 4, arbitrary: fc.constant<Step>({ do: "retain" }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: "month" }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("erasePerson" as const), person: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("discard" as const), seq: fc.nat(40) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("refuse" as const),
      share: fc.constantFrom(0.1, 0.4, 0.7),
      isRefused: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), share: fc.double({ min: 0, max: 1 }) }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Step[]>(
      { do: "rotateBoxKey" },
      { do: "rotateSigningKey" },
      { do: "reopen" },
      { do: "crash" },
      { do: "crash" },
      { do: "verify" },
    ),
  },
);

/** Number `n`: mostly measures; some events, some quarantined, which stay. */
function numbered(n: number): { readonly draft: Draft; readonly model: ModelDraft } {
  const kind = n % 41 === 40 ? RecordKind.quarantine : n % 5 === 4 ? RecordKind.event : RecordKind.measure;
  const person = `person-${n % 3}`;
  const body = `{"n":${n},"and":"${"x".repeat((n * 37) % 700)}"}`;
  return {
    draft: draft(n, { kind, person, day: 20_000 + (n % 4), body: Buffer.from(body) }),
    model: { key: String(n), kind, person, body },
  };
}

/** The real journal, its keys, and the folder that it lives in now. */
class Real {
  readonly clock = new FakeClock();
  boxByte = 5;
  signByte = 7;
  #folders: string[] = [];
  #journal: Journal | undefined;

  get journal(): Journal {
    if (this.#journal === undefined) throw new Error("not open");
    return this.#journal;
  }

  async begin(): Promise<this> {
    this.#folders.push(await newFolder());
    return this.reopen();
  }

  async reopen(): Promise<this> {
    await this.#journal?.close();
    const folder = this.#folders.at(-1) ?? "";
    this.#journal = await open(folder, {
      boxKey: new Uint8Array(32).fill(this.boxByte),
      signingKey: testKey(this.signByte),
      clock: this.clock,
      ballastBytes: 0,
    });
    return this;
  }

  /** The files as they are on the disk, without a close; what the old process would still do does not reach them. */
  async crash(): Promise<void> {
    const before = this.#folders.at(-1) ?? "";
    const after = await newFolder();
    for (const name of ["journal.db-wal", "journal.db"]) {
      await copyFile(join(before, name), join(after, name)).catch(() => undefined);
    }
    await this.journal.close();
    this.#journal = undefined;
    this.#folders.push(after);
    await this.reopen();
  }

  async end(): Promise<void> {
    await this.#journal?.close();
    for (const folder of this.#folders) await rm(folder, { recursive: true });
  }
}

const textOf = (record: TravellingRecord): string => {
  if (isWithheld(record)) return "withheld";
  const body = Buffer.from(record.body).toString();
  return record.kind === RecordKind.audit ? JSON.parse(body).type : body;
};

async function readAll(journal: Journal, fromSeq: number) {
  const read = [];
  for (let from = fromSeq; from <= journal.lastSeq; ) {
    const segments = await journal.segments(from, 7);
    if (segments.length === 0) break;
    read.push(...segments);
    from = (segments.at(-1)?.lastSeq ?? from) + 1;
  }
  return read;
}

/** Does a step to both, and compares what each says. */
async function both(model: Model, real: Real, what: Step): Promise<void> {
  const { journal } = real;
  switch (what.do) {
    case "append": {
      const drafts = what.numbers.map(numbered);
      const appended = await Promise.all(drafts.map((one) => journal.append(one.draft)));
      expect(appended).toEqual(model.append(drafts.map((one) => one.model)));
      break;
    }
    case "advance": {
      const through = Math.floor(model.lastSeq * what.share);
      await journal.advance(what.destination, through);
      model.advance(what.destination, through);
      break;
    }
    case "wait":
      real.clock.advance(what.days * DAY);
      model.today += what.days;
      break;
    case "retain": {
      const days = { eraseAfterDays: ERASE_AFTER, pruneAfterDays: PRUNE_AFTER };
      const retained = await journal.retain({ destinations, ...days, now: real.clock.now() });
      expect(retained).toEqual(model.retain(destinations));
      break;
    }
    case "month":
      for (const destination of destinations) await both(model, real, { do: "advance", destination, share: 1 });
      await both(model, real, { do: "retain" });
      await both(model, real, { do: "wait", days: PRUNE_AFTER });
      await both(model, real, { do: "retain" });
      break;
    case "erasePerson": {
      const person = `person-${what.person}`;
      expect(await journal.erasePerson(person, "test")).toBe(model.erasePerson(person));
      break;
    }
    case "discard": {
      const outcome = await journal.discard(what.seq, "test").then(
        () => "discarded",
        (error: unknown) => (error instanceof RangeError ? "refused" : String(error)),
      );
      expect(outcome).toBe(model.discard(what.seq));
      break;
    }
    case "refuse": {
      const seq = Math.ceil(model.lastSeq * what.share);
      const said = { key: `said ${model.lastSeq}`, kind: RecordKind.event, person: "nobody", body: "{}" };
      const event = draft(1_000 + model.lastSeq, {
        kind: said.kind,
        person: said.person,
        body: Buffer.from(said.body),
      });
      const letter = { shelf: REFUSALS, key: `platform/${seq}`, ...(what.isRefused && { value: "{}" }) };
      expect([await journal.append(event, [letter])]).toEqual(model.append([said]));
      model.refuse(seq, what.isRefused);
      break;
    }
    case "read": {
      const from = Math.max(1, Math.ceil(model.lastSeq * what.share));
      const read = await readAll(journal, from);
      const seen = read.map(({ firstSeq, lastSeq, records }) => ({ firstSeq, lastSeq, bodies: records.map(textOf) }));
      expect(seen).toEqual(model.read(from));
      break;
    }
    case "rotateBoxKey":
      real.boxByte += 1;
      await journal.rotateBoxKey(new Uint8Array(32).fill(real.boxByte));
      break;
    case "rotateSigningKey":
      real.signByte += 1;
      await journal.rotateSigningKey(testKey(real.signByte));
      model.audit("key-rotation");
      break;
    case "reopen":
      await real.reopen();
      break;
    case "crash":
      await real.crash();
      break;
    case "verify": {
      expect((await journal.verify()).findings).toEqual([]);
      const verifier = new Verifier(ringOf(testKey(real.signByte), testKey(7)), { complete: true });
      const all = await readAll(journal, 1);
      for (const message of all) verifier.learn(message);
      for (const message of all) verifier.add(message);
      expect(verifier.result().findings).toEqual([]);
      break;
    }
  }
  expect(real.journal.lastSeq).toBe(model.lastSeq);
  for (const destination of destinations) {
    expect(await real.journal.cursor(destination)).toBe(model.cursors.get(destination) ?? 0);
  }
}

class Command implements fc.AsyncCommand<Model, Real> {
  readonly #step: Step;
  constructor(what: Step) {
    this.#step = what;
  }
  check(): boolean {
    return true;
  }
  run(model: Model, real: Real): Promise<void> {
    return both(model, real, this.#step);
  }
  toString(): string {
    return JSON.stringify(this.#step);
  }
}

const RUNS = Number(process.env["VIGIE_MODEL_RUNS"] ?? 30);

test(
  "any sequence of appends, receipts, days, erasures, prunes, rotations, restarts and crashes gives what the model says",
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.commands([step.map((what) => new Command(what))], { size: "max", maxCommands: 50 }),
        async (commands) => {
          const real = await new Real().begin();
          try {
            const model = new Model();
            await fc.asyncModelRun(() => ({ model, real }), commands);
            await both(model, real, { do: "read", share: 0 });
            await both(model, real, { do: "verify" });
          } finally {
            await real.end();
          }
        },
      ),
      { numRuns: RUNS },
    );
  },
  10 * 60_000,
);
