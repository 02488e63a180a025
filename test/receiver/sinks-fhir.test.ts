import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryState } from "../../src/receiver/memory-state.ts";
import type { HandedRecord } from "../../src/receiver/port.ts";
import { Receiver } from "../../src/receiver/receiver.ts";
import { fhirSink } from "../../src/receiver/sinks/fhir.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { gatewayKeys, newJournal, platformKey } from "../fixtures/feed.ts";
import { measureDraft } from "../fixtures/fhir-feed.ts";
import { outcome, type StrictFhirServer, startFhirServer } from "../fixtures/fhir-server.ts";

let server: StrictFhirServer;
beforeEach(async () => {
  server = await startFhirServer();
});
afterEach(() => server[Symbol.asyncDispose]());

const openSink = () => fhirSink({ config: { url: server.base }, clock: new FakeClock() });

const record = (seq: number, body = measureDraft(seq).body, kind: RecordKind = RecordKind.measure): HandedRecord => ({
  seq,
  kind,
  id: new Uint8Array(16).fill(seq),
  body: Buffer.from(body),
});
const handover = (...records: readonly HandedRecord[]) => ({
  gateway: "ehpad-1",
  epoch: 1,
  sealed: { atMs: 0, isTrusted: true },
  records,
});
/** Answers with this status whatever holds the text. */
const answering = (status: number, text: (body: string) => boolean, words = "no") => {
  server.before = (asked, response) => {
    if (!text(asked.body.toString())) return false;
    response.writeHead(status, { "content-type": "application/fhir+json" }).end(JSON.stringify(outcome(words)));
    return true;
  };
};
/** What the server reads of the n-th measure: its systolic pressure. */
const isMeasure = (n: number) => (body: string) => body.includes(`"value":${100 + n},`);

describe("the FHIR sink", () => {
  it("posts each measure as the transaction that was sealed, and leaves the rest to other sinks", async () => {
    await using sink = await openSink();
    expect(await sink.hand(handover(record(1), record(2, "{}", RecordKind.event), record(3)))).toEqual([]);
    expect(server.of("Observation")).toHaveLength(2);
  });

  it("does no harm with a repeat", async () => {
    await using sink = await openSink();
    await sink.hand(handover(record(1), record(2)));
    await sink.hand(handover(record(1), record(2)));
    expect(server.of("Observation")).toHaveLength(2);
  });

  it("brings the versions of one measure in their order, however many connections there are", async () => {
    await using sink = await openSink();
    const version = (seq: number, reference: string) => {
      const { body } = measureDraft(1, undefined, { status: "amended" });
      return record(seq, body.replaceAll("resident-0042", reference));
    };
    const everybody = ["resident-2", "resident-3", "resident-4", "resident-5"];
    const amended = everybody.map((reference, index) => version(index + 2, reference));
    // The first of them is not taken at once: those behind it must not pass.
    server.before = ({ body }, response) => {
      if (!body.includes("resident-2") || held) return false;
      held = true;
      response.writeHead(503, { "retry-after": "0" }).end();
      return true;
    };
    let held = false;
    await expect(sink.hand(handover(record(1), ...amended))).rejects.toMatchObject({ code: "DELIVERY_SLOW_DOWN" });
    expect(server.of("Observation")).toMatchObject([{ status: "final" }]);
    await sink.hand(handover(record(1), ...amended));
    expect(server.of("Observation")).toMatchObject([{ subject: { identifier: { value: "resident-5" } } }]);
  });

  it("names what the server refuses for good by its status alone, and goes on behind it", async () => {
    await using sink = await openSink();
    answering(422, isMeasure(2), "120 mmHg is no value for Mme Martin");
    const refusals = await sink.hand(handover(record(1), record(2), record(3)));
    expect(refusals).toEqual([{ seq: 2, reason: "refused by the FHIR server: 422" }]);
    expect(server.of("Observation")).toHaveLength(2);
  });

  it("refuses for good a body that is no transaction", async () => {
    await using sink = await openSink();
    expect(await sink.hand(handover(record(1, '{"resourceType":"Bundle"}'), record(2, "{")))).toMatchObject([
      { seq: 1 },
      { seq: 2 },
    ]);
  });

  it("fails while the server can take nothing, and asks it no further", async () => {
    await using sink = await fhirSink({ config: { url: server.base, connections: 1 }, clock: new FakeClock() });
    answering(503, () => true);
    await expect(sink.hand(handover(record(1), record(2), record(3)))).rejects.toMatchObject({
      code: "DELIVERY_SLOW_DOWN",
    });
    expect(server.http.asked).toHaveLength(1);
  });

  it("takes an error of the server for the record's own once it is proven: others go meanwhile", async () => {
    await using sink = await openSink();
    answering(500, isMeasure(2));
    for (let attempt = 1; attempt < 5; attempt += 1) {
      await expect(sink.hand(handover(record(1), record(2)))).rejects.toMatchObject({ code: "DELIVERY_SERVER_ERROR" });
    }
    expect(await sink.hand(handover(record(1), record(2)))).toEqual([
      { seq: 2, reason: "refused by the FHIR server: 500" },
    ]);
    expect(server.of("Observation")).toHaveLength(1);
  });

  it("blames no record while the server fails for all of them, however often", async () => {
    await using sink = await openSink();
    await sink.hand(handover(record(1)));
    answering(500, () => true);
    for (let attempt = 1; attempt < 12; attempt += 1) {
      await expect(sink.hand(handover(record(2)))).rejects.toMatchObject({ code: "DELIVERY_SERVER_ERROR" });
    }
    server.before = () => false;
    expect(await sink.hand(handover(record(2)))).toEqual([]);
  });

  it("has it before the receipt is signed", async () => {
    await using sink = await openSink();
    const receiver = new Receiver({ keys: gatewayKeys(), state: memoryState(), sinks: [sink], platformKey });
    const message = encodeMessage(newJournal().commit(measureDraft(1), measureDraft(2)));
    answering(503, () => true);
    await expect(receiver.receive(message)).rejects.toMatchObject({ code: "DELIVERY_SLOW_DOWN" });
    server.before = () => false;
    expect(await receiver.receive(message)).toMatchObject({ type: "held", handed: 2 });
    expect(server.of("Observation")).toHaveLength(2);
  });
});
