/** A gateway that changes its signing key: the receiver follows its own record, and nobody else's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { StoredSegment } from "../../src/journal/port.ts";
import { memoryState } from "../../src/receiver/memory-state.ts";
import type { ReceiverEvent, ReceiverState } from "../../src/receiver/port.ts";
import { postgresState } from "../../src/receiver/postgres-state.ts";
import { Receiver } from "../../src/receiver/receiver.ts";
import { sqliteState } from "../../src/receiver/sqlite-state.ts";
import { kidText, type SigningKey, signingKey } from "../../src/seal/key.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { sealRotation } from "../../src/seal/rotation.ts";
import { Told } from "../fixtures/events.ts";
import { gatewayKeys, KeepingSink, platformKey } from "../fixtures/feed.ts";
import { MemoryJournal } from "../fixtures/memory-journal.ts";
import { hasPostgres, type Postgres, startPostgres } from "../fixtures/postgres.ts";

const key = (fill: number) => signingKey(new Uint8Array(32).fill(fill));
const [first, second, third, stranger] = [key(1), key(11), key(12), key(13)] as const;

let runs = 0;
let gateway: string;
beforeEach(() => {
  runs += 1;
  gateway = `gateway-${runs}`;
});

const journalOf = (signer: SigningKey, epoch = 1) => new MemoryJournal({ gateway, key: signer, epoch });
const statement = (from: SigningKey, to: SigningKey, of = gateway) => ({
  kind: RecordKind.audit,
  body: JSON.stringify(sealRotation(of, from, to)),
});
/** As the journal does it: the record alone in a segment that the old key signs. */
function rotate(journal: MemoryJournal, to: SigningKey): StoredSegment {
  const segment = journal.commit(statement(journal.key, to));
  journal.key = to;
  return segment;
}

function receiverOn(state: ReceiverState, keys = gatewayKeys({ [gateway]: first })) {
  const sink = new KeepingSink();
  const told = new Told<ReceiverEvent>();
  const receiver = new Receiver({ keys, state, sinks: [sink], platformKey, observe: told.observe });
  return { sink, told, receive: (segment: StoredSegment) => receiver.receive(encodeMessage(segment), gateway) };
}

const folder = mkdtempSync(join(tmpdir(), "vigie-rotation-"));
let postgres: Postgres | undefined;
beforeAll(async () => {
  if (hasPostgres) postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

describe.each([
  { name: "memory", missing: false, lasts: false, open: async () => memoryState() },
  { name: "SQLite", missing: false, lasts: true, open: () => sqliteState(join(folder, `${gateway}.db`)) },
  { name: "PostgreSQL", missing: !hasPostgres, lasts: true, open: () => postgresState({ url: postgres?.url ?? "" }) },
])("a change of key, kept in $name", ({ name, missing, lasts, open }) => {
  it.skipIf(missing)("is followed, once and again, and says so", async () => {
    await using state = await open();
    const { receive, told, sink } = receiverOn(state);
    const journal = journalOf(first);
    await receive(journal.commit("1"));
    expect(await receive(rotate(journal, second))).toMatchObject({ type: "held" });
    expect(await receive(journal.commit("3"))).toMatchObject({ type: "held" });
    await receive(rotate(journal, third));
    expect(await receive(journal.commit("5"))).toMatchObject({ type: "held", standing: { through: 5 } });
    const changes = told.all.flatMap((event) => (event.type === "key-changed" ? [event.kid] : []));
    expect(changes).toEqual([kidText(second.kid), kidText(third.kid)]);
    expect(sink.bodies).toHaveLength(5);
  });

  it.skipIf(missing)("is known to another receiver on the same state, or to the same one after a restart", async () => {
    const journal = journalOf(first);
    const state = await open();
    await receiverOn(state).receive(rotate(journal, second));
    const other = name === "PostgreSQL" ? await open() : undefined;
    expect(await receiverOn(other ?? state).receive(journal.commit("2"))).toMatchObject({ type: "held" });
    await other?.[Symbol.asyncDispose]();
    await state[Symbol.asyncDispose]();
    if (!lasts) return;
    await using again = await open();
    expect(await receiverOn(again).receive(journal.commit("3"))).toMatchObject({ type: "held" });
  });

  it.skipIf(missing)("leaves the old key nothing more to sign, on any receiver, in any epoch", async () => {
    await using state = await open();
    const [journal, thief] = [journalOf(first), journalOf(first)];
    const [one, other] = [receiverOn(state), receiverOn(state)];
    const before = journal.commit("1");
    thief.commit("1");
    await one.receive(before);
    await one.receive(rotate(journal, second));
    expect(await other.receive(thief.commit("2"))).toMatchObject({ type: "refused", fault: "fork" });
    expect(await other.receive(thief.commit("3"))).toMatchObject({ type: "refused", fault: "retired-key" });
    expect(await other.receive(journalOf(first, 9).commit("1"))).toMatchObject({ fault: "retired-key" });
    // What it signed before is still what it was.
    expect(await other.receive(before)).toMatchObject({ type: "repeat" });
    expect(await other.receive(journal.commit("3"))).toMatchObject({ type: "held", standing: { through: 3 } });
  });
});

describe("a change of key", () => {
  const arrange = () => receiverOn(memoryState());

  it("back to the first key is followed, and the second signs nothing more", async () => {
    const { receive } = arrange();
    const journal = journalOf(first);
    await receive(rotate(journal, second));
    const between = journal.commit("2");
    await receive(between);
    await receive(rotate(journal, first));
    expect(await receive(journal.commit("4"))).toMatchObject({ type: "held", standing: { through: 4 } });
    journal.key = second;
    expect(await receive(journal.commit("5"))).toMatchObject({ fault: "retired-key" });
    expect(await receive(between)).toMatchObject({ type: "repeat" });
  });

  it("counts from its place in the chain: a segment that came early changes nothing yet", async () => {
    const { receive } = arrange();
    const journal = journalOf(first);
    const opening = journal.commit("1");
    const change = rotate(journal, second);
    const behind = journal.commit("3");
    expect(await receive(change)).toMatchObject({ type: "early" });
    expect(await receive(behind)).toMatchObject({ type: "refused", fault: "unknown-key" });
    expect(await receive(opening)).toMatchObject({ type: "held", standing: { through: 2 } });
    expect(await receive(behind)).toMatchObject({ type: "held", standing: { through: 3 } });
  });

  it("whose record was withheld is followed when it is shown", async () => {
    const { receive } = arrange();
    const journal = journalOf(first);
    const change = rotate(journal, second);
    const withheld = { ...change, records: [{ seq: 1, withheld: true as const }] };
    expect(await receive(withheld)).toMatchObject({ type: "held", withheld: 1 });
    const behind = journal.commit("2");
    expect(await receive(behind)).toMatchObject({ type: "refused", fault: "unknown-key" });
    expect(await receive(change)).toMatchObject({ type: "repeat", handed: 1 });
    expect(await receive(behind)).toMatchObject({ type: "held" });
  });

  it("is learned from a record that had been handed over ahead of it", async () => {
    const { receive } = arrange();
    const journal = journalOf(first);
    const id = new Uint8Array(16).fill(7);
    await receive(journal.commit({ id, body: "1" }));
    const change = journal.commit({ ...statement(first, second), id });
    journal.key = second;
    expect(await receive(change)).toMatchObject({ type: "held", duplicates: 1 });
    expect(await receive(journal.commit("3"))).toMatchObject({ type: "held" });
  });

  it.each([
    [
      "that the old key did not sign",
      () => {
        const { signature, ...rest } = sealRotation(gateway, first, stranger);
        return JSON.stringify({ ...rest, signature: sealRotation(gateway, second, stranger).signature ?? signature });
      },
    ],
    [
      "that the new key did not prove",
      () => JSON.stringify({ ...sealRotation(gateway, first, stranger), proof: "00".repeat(64) }),
    ],
    ["of another gateway", () => JSON.stringify(sealRotation("gateway-x", first, stranger))],
    ["of another key than the segment's", () => JSON.stringify(sealRotation(gateway, second, stranger))],
    ["that is none", () => '{"type":"key-rotation"}'],
  ])("%s changes nothing, and is handed over as what it is", async (_what, body) => {
    const { receive, sink, told } = arrange();
    const journal = journalOf(first);
    expect(await receive(journal.commit({ kind: RecordKind.audit, body: body() }))).toMatchObject({ type: "held" });
    expect(await receive(journal.commit("2"))).toMatchObject({ type: "held" });
    journal.key = stranger;
    expect(await receive(journal.commit("3"))).toMatchObject({ type: "refused", fault: "unknown-key" });
    expect(sink.bodies).toHaveLength(2);
    expect(told.count(({ type }) => type === "key-changed")).toBe(0);
  });

  it("is no event's and no measure's to make", async () => {
    const { receive } = arrange();
    const journal = journalOf(first);
    const { body } = statement(first, second);
    await receive(journal.commit({ kind: RecordKind.event, body }, { kind: RecordKind.measure, body }));
    journal.key = second;
    expect(await receive(journal.commit("3"))).toMatchObject({ fault: "unknown-key" });
  });

  it("gives the gateway no right to another one's segments", async () => {
    const keys = gatewayKeys({ [gateway]: first, other: third });
    const { receive } = receiverOn(memoryState(), keys);
    const journal = journalOf(first);
    await receive(rotate(journal, second));
    const foreign = new MemoryJournal({ gateway: "other", key: second });
    expect(await receive(foreign.commit("1"))).toMatchObject({ type: "refused", fault: "foreign" });
  });

  it("lapses when the gateway is taken out of the directory", async () => {
    let keys = gatewayKeys({ [gateway]: first });
    const { receive } = receiverOn(memoryState(), (kid) => keys(kid));
    const journal = journalOf(first);
    await receive(rotate(journal, second));
    expect(await receive(journal.commit("2"))).toMatchObject({ type: "held" });
    keys = gatewayKeys({});
    expect(await receive(journal.commit("3"))).toMatchObject({ type: "refused", fault: "unknown-key" });
    keys = gatewayKeys({ [gateway]: second });
    expect(await receive(journal.commit("4"))).toMatchObject({ type: "early" });
  });

  it("leaves an alarm of the old key unheard too", async () => {
    const state = memoryState();
    const { receive } = receiverOn(state);
    const journal = journalOf(first);
    const thief = journalOf(first);
    thief.commit("1");
    await receive(rotate(journal, second));
    const receiver = new Receiver({ keys: gatewayKeys({ [gateway]: first }), state, sinks: [], platformKey });
    const alarm = encodeMessage(thief.commit({ kind: RecordKind.alarm, body: "{}" }));
    expect(await receiver.receiveAhead(alarm, gateway)).toMatchObject({ type: "refused", fault: "retired-key" });
  });
});
