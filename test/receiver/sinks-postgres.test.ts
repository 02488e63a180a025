import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HandedRecord } from "../../src/receiver/port.ts";
import { postgresSink } from "../../src/receiver/sinks/postgres.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { hasPostgres, type Postgres, startPostgres } from "../fixtures/postgres.ts";

let ids = 0;
function record(body: string, more: Partial<HandedRecord> = {}): HandedRecord {
  ids += 1;
  const id = Buffer.alloc(16);
  id.writeUInt32BE(ids);
  return { seq: ids, kind: RecordKind.measure, id, body: Buffer.from(body), ...more };
}
const handover = (records: readonly HandedRecord[], gateway = "ehpad-1") => ({
  gateway,
  epoch: 5_000_000_000,
  sealed: { atMs: 1_780_000_000_123, isTrusted: true },
  records,
});

describe.skipIf(!hasPostgres)("the PostgreSQL sink", () => {
  let postgres: Postgres;
  let database: pg.Client;
  beforeAll(async () => {
    postgres = await startPostgres();
    database = new pg.Client(postgres.url);
    await database.connect();
  });
  afterAll(async () => {
    await database?.end();
    await postgres?.[Symbol.asyncDispose]();
  });
  const rows = async (gateway: string) =>
    (await database.query("SELECT * FROM vigie_received WHERE gateway=$1 ORDER BY seq", [gateway])).rows;

  it("writes each record as a row, its body as JSONB with the decimals as they were", async () => {
    await using sink = await postgresSink({ url: postgres.url });
    const measure = record('{"value":61.50}');
    const event = record('{"type":"journal-full"}', { kind: RecordKind.event });
    expect(await sink.hand(handover([measure, event], "rows"))).toEqual([]);
    const [first, second] = await rows("rows");
    expect(first).toMatchObject({
      id: measure.id,
      epoch: "5000000000",
      seq: String(measure.seq),
      kind: "measure",
      body: { value: 61.5 },
      sealed_at: new Date(1_780_000_000_123),
      clock_trusted: true,
      clock_offset_ms: null,
    });
    expect(second).toMatchObject({ kind: "event", body: { type: "journal-full" } });
    const text = await database.query("SELECT body->>'value' AS value FROM vigie_received WHERE id=$1", [measure.id]);
    expect(text.rows).toEqual([{ value: "61.50" }]);
  });

  it("takes a repeat as if it had come once, also from another gateway", async () => {
    await using sink = await postgresSink({ url: postgres.url });
    const one = record("{}");
    await sink.hand(handover([one], "once"));
    await sink.hand(handover([one, record("{}")], "once"));
    await sink.hand(handover([one], "another"));
    expect(await rows("once")).toHaveLength(2);
    expect(await rows("another")).toEqual([]);
  });

  it("refuses for good what JSONB cannot hold, and writes what stands beside it", async () => {
    await using sink = await postgresSink({ url: postgres.url });
    const records = [
      record('{"n":1}'),
      record('{"text":"\\u0000"}'),
      record('{"n":3}'),
      record("{"),
      record('{"text":"\\ud800"}'),
      record('{"n":6}'),
    ];
    const refusals = await sink.hand(handover(records, "refusals"));
    expect(refusals.map(({ seq }) => seq).toSorted()).toEqual(
      [records[1]?.seq, records[3]?.seq, records[4]?.seq].toSorted(),
    );
    expect(refusals.find(({ seq }) => seq === records[1]?.seq)?.reason).toBe("JSONB cannot hold the body (22P05)");
    expect((await rows("refusals")).map(({ body }) => body)).toEqual([{ n: 1 }, { n: 3 }, { n: 6 }]);
  });

  it("notes beside the rows what to add to the times of a clock that was wrong, and changes no row that was right", async () => {
    await using sink = await postgresSink({ url: postgres.url });
    const wrong = [record("{}"), record("{}"), record("{}")];
    const right = record("{}");
    await sink.hand({ ...handover(wrong, "redated"), sealed: { atMs: 60_000, isTrusted: false } });
    await sink.hand(handover([right], "redated"));
    const [first, second] = wrong;
    const range = {
      epoch: 5_000_000_000,
      firstSeq: first?.seq ?? 0,
      lastSeq: second?.seq ?? 0,
      offsetMs: 1_780_000_000_000,
    };
    await sink.redate?.({ gateway: "redated", ranges: [range, { ...range, firstSeq: right.seq, lastSeq: right.seq }] });
    const offsets = (await rows("redated")).map(({ clock_offset_ms }) => clock_offset_ms);
    expect(offsets).toEqual(["1780000000000", "1780000000000", null, null]);
  });

  it("fails, and writes nothing, while the database is away", async () => {
    const sink = await postgresSink({ url: postgres.url });
    await sink[Symbol.asyncDispose]();
    await expect(sink.hand(handover([record("{}")], "away"))).rejects.toThrow();
    expect(await rows("away")).toEqual([]);
  });

  it("is opened by two receivers at once, and by a user who may only insert", async () => {
    await database.query("DROP TABLE vigie_received");
    const opened = await Promise.all([1, 2, 3].map(() => postgresSink({ url: postgres.url })));
    for (const one of opened) await one[Symbol.asyncDispose]();
    await database.query("CREATE ROLE writer LOGIN; GRANT INSERT, SELECT ON vigie_received TO writer");
    await database.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    await using sink = await postgresSink({ url: postgres.url.replace("vigie@", "writer@"), password: "p@ss/word" });
    await sink.hand(handover([record("{}")], "writer"));
    expect(await rows("writer")).toHaveLength(1);
  });

  it("says what is in the way where it cannot be opened", async () => {
    const nowhere = postgres.url.replace("/postgres?", "/nowhere?");
    await expect(postgresSink({ url: nowhere })).rejects.toMatchObject({
      code: "RECEIVER_SINK_OPEN",
      detail: { found: { en: "3D000" } },
    });
  });
});
