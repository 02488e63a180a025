import { afterEach, describe, expect, it } from "vitest";
import type { Device } from "../../../src/measure/measurement.ts";
import { RecordKind } from "../../../src/seal/record.ts";
import { measured, namelessThermometer, quantity, scale } from "../../fhir/samples.ts";
import { newJournal } from "../../fixtures/feed.ts";
import { draftOf, identifierOf, measureDraft, openFhir, soon, standingAt } from "../../fixtures/fhir-feed.ts";
import { outcome, startFhirServer } from "../../fixtures/fhir-server.ts";
import type { MemoryJournal } from "../../fixtures/memory-journal.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});
const closing = <One extends AsyncDisposable>(one: One): One => {
  open.unshift(one);
  return one;
};
const arrange = async (...parameters: Parameters<typeof openFhir>) => {
  const opened = await openFhir(...parameters);
  closing(opened.destination);
  return opened;
};
const journalOf = (count: number, devices: readonly (Device | undefined)[] = [undefined]): MemoryJournal => {
  const journal = newJournal();
  for (let n = 1; n <= count; n += 1) journal.commit(measureDraft(n, devices[n % devices.length]));
  return journal;
};
describe("a FHIR server as destination", () => {
  it("gets each measure as a transaction, one Device for all, and the cursor follows its answers", async () => {
    const server = closing(await startFhirServer());
    const { receipted, destination } = await arrange(journalOf(20), server.base);
    await receipted(20);
    expect([server.of("Observation").length, server.of("Device").length]).toEqual([20, 1]);
    expect(new Set(server.of("Observation").map(({ identifier }) => JSON.stringify(identifier))).size).toBe(20);
    expect(destination.status()).toMatchObject({ state: "connected", confirmed: 20 });
    expect(server.http.connections).toBeLessThanOrEqual(4);
  });

  it("gets measures only: events, the audit trail, what is withheld and what waits in quarantine are passed over", async () => {
    const journal = newJournal();
    journal.commit({ kind: RecordKind.event, body: "{}" }, measureDraft(1), { kind: RecordKind.audit, body: "{}" });
    journal.commit({ ...measureDraft(2), kind: RecordKind.quarantine }, measureDraft(3));
    const server = closing(await startFhirServer());
    const withhold = ({ seq, kind }: { readonly seq: number; readonly kind: RecordKind }) =>
      seq === 5 || kind === RecordKind.quarantine;
    const { receipted } = await arrange(journal, server.base, { withhold });
    await receipted(5);
    expect(server.of("Observation")).toHaveLength(1);
  });

  it("begins with the first segment that is left where the journal is pruned", async () => {
    const journal = journalOf(400);
    journal.prune(380);
    const server = closing(await startFhirServer());
    const { receipted, destination } = await arrange(journal, server.base);
    await receipted(400);
    expect(server.of("Observation")).toHaveLength(20);
    expect(destination.status()).toMatchObject({ state: "connected", confirmed: 400 });
  });

  it("keeps the order of each device, and goes on with the others", async () => {
    const journal = journalOf(60, [undefined, namelessThermometer, scale]);
    const server = closing(await startFhirServer());
    const { receipted } = await arrange(journal, server.base);
    await receipted(60);
    const byDevice = new Map<string, string[]>();
    for (const { body } of server.http.asked) {
      const [observation, device] = JSON.parse(body.toString()).entry;
      const of = JSON.stringify(device.resource.identifier);
      byDevice.set(of, [...(byDevice.get(of) ?? []), observation.resource.identifier[0].value]);
    }
    const inOrder = (await journal.segments(1, 100)).flatMap(({ records }) =>
      records.map((record) => ("body" in record ? identifierOf({ body: Buffer.from(record.body).toString() }) : "")),
    );
    expect(byDevice.size).toBe(3);
    for (const sent of byDevice.values()) expect(sent).toEqual(inOrder.filter((one) => sent.includes(one)));
  });

  it("repeats without harm what was taken while its answer was lost", async () => {
    const server = closing(await startFhirServer());
    let cuts = 3;
    server.committed = ({ socket }) => {
      if (cuts-- > 0) socket.resetAndDestroy();
    };
    const { receipted } = await arrange(journalOf(5), server.base);
    await receipted(5);
    expect(server.of("Observation")).toHaveLength(5);
    expect(server.http.asked.length).toBeGreaterThan(5);
  });

  it("goes on from the cursor after a restart, and a second time changes nothing", async () => {
    const journal = journalOf(5);
    const server = closing(await startFhirServer());
    const first = await arrange(journal, server.base);
    await first.receipted(5);
    await first.destination[Symbol.asyncDispose]();
    await (await arrange(standingAt(journal, 2), server.base)).receipted(5);
    expect(server.http.asked).toHaveLength(8);
    expect(server.of("Observation")).toHaveLength(5);
  });

  it.each([409, 412])("finds a record that conflicts with itself (%i), and counts it as taken", async (status) => {
    const server = closing(await startFhirServer());
    const journal = journalOf(1);
    const first = await arrange(journal, server.base);
    await first.receipted(1);
    await first.destination[Symbol.asyncDispose]();
    server.before = ({ method }, response) => {
      if (method !== "POST") return false;
      response.writeHead(status, { "content-type": "application/fhir+json" }).end(JSON.stringify(outcome("exists")));
      return true;
    };
    const second = await arrange(standingAt(journal, 0), server.base);
    await second.receipted(1);
    expect(second.deadLetters.list()).toEqual([]);
  });

  it.each([400, 413, 422])(
    "puts one record aside that is refused for good (%i), tells of it, and lets the rest pass",
    async (status) => {
      const server = closing(await startFhirServer());
      refusing(server, 3, status, outcome("systolic 103 is\u0007 not plausible"));
      const { receipted, deadLetters, told } = await arrange(journalOf(6), server.base);
      // The seventh record is the event that tells of it.
      await receipted(7);
      const words = "error · processing · systolic 103 is not plausible";
      expect(deadLetters.list()).toMatchObject([{ destination: "fhir", seq: 3, code: String(status), words }]);
      expect(server.of("Observation")).toHaveLength(5);
      const faults = told.all.filter((event) => event.type === "fault");
      expect(faults).toHaveLength(1);
      expect(JSON.stringify(faults)).not.toContain("103");
    },
  );

  it.each([
    ["500", 500, outcome("NullPointerException")],
    ["400 of a proxy", 400, undefined],
    ["403 about one person", 403, outcome("no consent")],
    ["404 about what it refers to", 404, outcome("Patient/1 is not known")],
    ["409 of something else", 409, outcome("locked")],
  ] as const)(
    "puts one record aside that fails again and again while others are taken: %s",
    async (_what, status, body) => {
      const server = closing(await startFhirServer());
      refusing(server, 2, status, body);
      const config = { url: server.base, timeoutMs: 600_000 };
      const timers = { after: (ms: number, callback: () => void) => (ms === 600_000 ? () => {} : soon(callback)) };
      const { receipted, deadLetters } = await arrange(journalOf(30), server.base, { timers, config });
      await receipted(31);
      expect(deadLetters.list()).toMatchObject([{ seq: 2, code: String(status) }]);
      expect(server.of("Observation")).toHaveLength(29);
    },
  );

  it("gives up on no record while nothing is taken, however long a server fails", async () => {
    const server = closing(await startFhirServer());
    let failures = 50;
    server.before = (_asked, response) => {
      if (failures-- <= 0) return false;
      response.writeHead(500).end();
      return true;
    };
    const { receipted, deadLetters } = await arrange(journalOf(8, [undefined, scale]), server.base);
    await receipted(8);
    expect(deadLetters.list()).toEqual([]);
    expect(server.of("Observation")).toHaveLength(8);
  });

  it("sends again what was put aside, when somebody asks, and says that it was taken", async () => {
    const server = closing(await startFhirServer());
    refusing(server, 1, 422, outcome("not yet"));
    const { receipted, deadLetters } = await arrange(journalOf(2), server.base);
    await receipted(3);
    server.before = () => false;
    const audit = { kind: RecordKind.audit, id: new Uint8Array(16), body: Buffer.from("{}") };
    await deadLetters.sendAgain("fhir", [1], audit);
    await receipted(5);
    expect(deadLetters.list()).toEqual([]);
    expect(server.of("Observation")).toHaveLength(2);
  });

  it("never sends a version of a measure again once a newer one was taken, though somebody asks for it", async () => {
    const server = closing(await startFhirServer());
    const versions = ["resident-2", "resident-3"].map((reference) => {
      const { body, ...rest } = measureDraft(1, undefined, { status: "amended" });
      return { ...rest, body: body.replaceAll("resident-0042", reference) };
    });
    const journal = newJournal();
    journal.commit(measureDraft(1), ...versions);
    server.before = ({ body }, response) => {
      if (!body.includes("resident-2")) return false;
      response.writeHead(422, { "content-type": "application/fhir+json" }).end(JSON.stringify(outcome("not yet")));
      return true;
    };
    const { receipted, deadLetters } = await arrange(journal, server.base);
    // The first correction's letter, and that it is not needed any more.
    await receipted(5);
    server.before = () => false;
    const audit = { kind: RecordKind.audit, id: new Uint8Array(16), body: Buffer.from("{}") };
    expect(await deadLetters.sendAgain("fhir", [2], audit)).toBe(0);
    expect(server.of("Observation")).toMatchObject([{ subject: { identifier: { value: "resident-3" } } }]);
  });

  it("asks the route again when a record's turn comes", async () => {
    const server = closing(await startFhirServer());
    let isAllowed = true;
    server.committed = () => {
      isAllowed = false;
    };
    const { receipted } = await arrange(journalOf(3), server.base, { withhold: () => !isAllowed });
    await receipted(3);
    expect(server.of("Observation")).toHaveLength(1);
  });
});

describe("the form of a bundle", () => {
  const firstSent = async (form: Parameters<typeof openFhir>[3]) => {
    const server = closing(await startFhirServer());
    const { receipted } = await arrange(journalOf(1), server.base, {}, form);
    await receipted(1);
    const [sent] = server.http.asked.filter(({ method }) => method === "POST");
    return JSON.parse(sent?.body.toString() ?? "").entry;
  };

  it("is what was sealed, to the byte, where nothing else is asked for", async () => {
    const server = closing(await startFhirServer());
    await (await arrange(journalOf(1), server.base)).receipted(1);
    expect(server.http.asked[0]?.body.toString()).toBe(measureDraft(1).body);
  });

  it("has references as configured", async () => {
    const [observation] = await firstSent({ flavour: "platform", references: "literal" });
    expect(observation.resource.device.reference).toMatch(/^Device\/[0-9a-f-]{36}$/);
  });

  it("is made anew for Mon espace santé, from the stored measurement and the person's pairing", async () => {
    const [observation] = await firstSent({ flavour: "mes" });
    expect(observation.resource.subject.identifier.value).toBe("idpe-0042");
    expect(observation.request).toEqual({ method: "POST", url: "Observation" });
  });

  it("for Mon espace santé waits as a dead letter where a word in the configuration would make it", async () => {
    const journal = journalOf(2, [namelessThermometer, undefined]);
    const glucose = {
      kind: "glucose",
      value: quantity("99", "mg/dL"),
      specimen: "capillary-plasma",
      status: [],
    } as const;
    journal.commit(draftOf(measured({ ...glucose, meal: "fasting" })), draftOf(measured(glucose)));
    const server = closing(await startFhirServer());
    const { receipted, deadLetters } = await arrange(journal, server.base, {}, { flavour: "mes" });
    await receipted(6);
    expect(deadLetters.list()).toMatchObject([
      { seq: 2, code: "mes-device-unidentified" },
      { seq: 3, code: "mes-glucose-moment" },
    ]);
    expect(server.of("Observation")).toHaveLength(1);
  });

  it.each(["{", '{"resourceType":"Bundle"}'])("puts aside what is no transaction: %s", async (body) => {
    const journal = newJournal();
    journal.commit({ body }, measureDraft(2));
    const server = closing(await startFhirServer());
    const { receipted, deadLetters } = await arrange(journal, server.base);
    await receipted(3);
    expect(deadLetters.list()).toMatchObject([{ seq: 1, code: "no-transaction" }]);
    expect(server.of("Observation")).toHaveLength(1);
  });

  it("puts aside what cannot be made anew", async () => {
    const journal = newJournal();
    const { source: _source, ...sourceless } = measureDraft(1);
    journal.commit(sourceless, measureDraft(2));
    const server = closing(await startFhirServer());
    const { receipted, deadLetters } = await arrange(journal, server.base, {}, { flavour: "strict" });
    await receipted(3);
    expect(deadLetters.list()).toMatchObject([{ seq: 1, code: "source-missing" }]);
    expect(server.of("Observation")).toHaveLength(1);
  });
});

function refusing(server: Awaited<ReturnType<typeof startFhirServer>>, n: number, status: number, body?: object): void {
  const poison = identifierOf(measureDraft(n));
  server.before = ({ method, body: asked }, response) => {
    if (method !== "POST" || !asked.includes(poison)) return false;
    const type = body === undefined ? "text/html" : "application/fhir+json";
    response.writeHead(status, { "content-type": type }).end(body === undefined ? "<html>" : JSON.stringify(body));
    return true;
  };
}
