/** What every receiver state has to do: one contract, three implementations. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/journal/sqlite.ts";
import { memoryState } from "../../src/receiver/memory-state.ts";
import type { ReceiverState } from "../../src/receiver/port.ts";
import { postgresState } from "../../src/receiver/postgres-state.ts";
import { sqliteState } from "../../src/receiver/sqlite-state.ts";
import { hasPostgres, type Postgres, startPostgres } from "../fixtures/postgres.ts";

const folder = mkdtempSync(join(tmpdir(), "vigie-state-"));
let postgres: Postgres | undefined;
let files = 0;
beforeAll(async () => {
  if (hasPostgres) postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const implementations: readonly {
  readonly name: string;
  readonly missing: boolean;
  /** A state that is opened again keeps what it had, where it is kept at all. */
  readonly lasting: boolean;
  readonly open: (place: string) => Promise<ReceiverState>;
}[] = [
  { name: "memory", missing: false, lasting: false, open: async () => memoryState() },
  { name: "SQLite", missing: false, lasting: true, open: (place) => sqliteState(join(folder, `${place}.db`)) },
  { name: "PostgreSQL", missing: !hasPostgres, lasting: true, open: () => postgresState({ url: postgres?.url ?? "" }) },
];

const bytes = (fill: number, length: number) => new Uint8Array(length).fill(fill);
const headAt = (lastSeq: number, epoch = 1) => ({ epoch, lastSeq, hash: bytes(lastSeq, 32) });

for (const { name, missing, lasting, open } of implementations) {
  describe.skipIf(missing)(`the receiver's state in ${name}`, () => {
    let gateway: string;
    const fresh = () => {
      files += 1;
      gateway = `gateway-${files}`;
      return open(`state-${files}`);
    };

    it("begins with nothing", async () => {
      await using state = await fresh();
      await state.exclusively(gateway, 1, async (entry) => {
        expect(entry.head).toBeUndefined();
        expect(entry.exceptions).toEqual([]);
        expect(entry.hasOtherEpoch).toBe(false);
        expect(await entry.known([])).toEqual(new Set());
        expect(await entry.known([bytes(1, 16)])).toEqual(new Set());
        expect(await entry.segmentAt(1)).toBeUndefined();
      });
    });

    it("keeps the head, the segment, the ids and the exceptions, and says so at once and later", async () => {
      await using state = await fresh();
      const exceptions = [{ seq: 2, reason: "«no such patient»" }];
      await state.exclusively(gateway, 1, async (entry) => {
        await entry.keep({ head: headAt(3), firstSeq: 1, ids: [bytes(1, 16), bytes(2, 16)], exceptions });
        expect(entry.head?.lastSeq).toBe(3);
      });
      await state.exclusively(gateway, 1, async (entry) => {
        expect(entry.head).toMatchObject({ epoch: 1, lastSeq: 3 });
        expect(Buffer.from(entry.head?.hash ?? [])).toEqual(Buffer.from(bytes(3, 32)));
        expect(entry.exceptions).toEqual(exceptions);
        expect(await entry.known([bytes(1, 16), bytes(9, 16)])).toEqual(new Set(["01".repeat(16)]));
        expect(Buffer.from((await entry.segmentAt(1)) ?? [])).toEqual(Buffer.from(bytes(3, 32)));
        expect(await entry.segmentAt(2)).toBeUndefined();
      });
    });

    it("keeps epochs apart, and ids together, for each gateway", async () => {
      await using state = await fresh();
      await state.exclusively(gateway, 5_000_000_000, (entry) =>
        entry.keep({ head: headAt(3, 5_000_000_000), firstSeq: 1, ids: [bytes(1, 16)], exceptions: [] }),
      );
      await state.exclusively(gateway, 1, async (entry) => {
        expect(entry.head).toBeUndefined();
        expect(entry.hasOtherEpoch).toBe(true);
        expect((await entry.known([bytes(1, 16)])).size).toBe(1);
      });
      await state.exclusively(`${gateway}-other`, 5_000_000_000, async (entry) => {
        expect(entry.head).toBeUndefined();
        expect(entry.hasOtherEpoch).toBe(false);
        expect((await entry.known([bytes(1, 16)])).size).toBe(0);
      });
    });

    it("takes an id that is there already as there", async () => {
      await using state = await fresh();
      for (const lastSeq of [1, 2]) {
        await state.exclusively(gateway, 1, (entry) =>
          entry.keep({ head: headAt(lastSeq), firstSeq: lastSeq, ids: [bytes(1, 16)], exceptions: [] }),
        );
      }
    });

    it("lets one piece of work at a time at a gateway, and several gateways at once", async () => {
      await using state = await fresh();
      const running = new Map<string, number>();
      const work = (who: string) =>
        state.exclusively(who, 1, async () => {
          running.set(who, (running.get(who) ?? 0) + 1);
          expect(running.get(who)).toBe(1);
          await new Promise((resolve) => setImmediate(resolve));
          running.set(who, (running.get(who) ?? 0) - 1);
        });
      await Promise.all(Array.from({ length: 30 }, (_, i) => work(`${gateway}-${i % 3}`)));
    });

    it("keeps nothing of work that failed before it kept, and goes on", async () => {
      await using state = await fresh();
      const failed = state.exclusively(gateway, 1, () => Promise.reject(new Error("sink")));
      await expect(failed).rejects.toThrow("sink");
      await state.exclusively(gateway, 1, async (entry) => expect(entry.head).toBeUndefined());
    });

    it("knows what was handed over ahead of its turn, and stands where it stood", async () => {
      await using state = await fresh();
      await state.exclusively(gateway, 1, async (entry) => {
        await entry.keepAhead([]);
        await entry.keepAhead([bytes(5, 16)]);
        await entry.keepAhead([bytes(5, 16)]);
        expect(entry.head).toBeUndefined();
      });
      await state.exclusively(gateway, 1, async (entry) => {
        expect(await entry.known([bytes(4, 16), bytes(5, 16)])).toEqual(new Set(["05".repeat(16)]));
        await entry.keep({ head: headAt(1), firstSeq: 1, ids: [bytes(5, 16)], exceptions: [] });
        expect(entry.head?.lastSeq).toBe(1);
      });
    });

    it("keeps changes of key in the order they were learned, and finds them by any key that they led to", async () => {
      await using state = await fresh();
      const rotation = (kid: string, epoch: number, seq: number) => ({
        epoch,
        seq,
        statement: JSON.stringify({ kid }),
      });
      const [one, two] = [rotation(`b-${gateway}`, 9, 5), rotation(`c-${gateway}`, 2, 3)];
      await state.exclusively(gateway, 9, async (entry) => {
        expect(entry.rotations).toEqual([]);
        await entry.keep({ head: headAt(5, 9), firstSeq: 5, ids: [], exceptions: [], rotations: [one] });
        await entry.keep({ head: headAt(6, 9), firstSeq: 6, ids: [], exceptions: [], rotations: [two] });
        expect(entry.rotations).toEqual([one, two]);
      });
      await state.exclusively(gateway, 2, async (entry) => expect(entry.rotations).toEqual([one, two]));
      await state.exclusively(`${gateway}-other`, 2, async (entry) => expect(entry.rotations).toEqual([]));
      const both = [one, two].map((kept) => ({ gateway, ...kept }));
      for (const kid of ["b", "c"]) expect(await state.rotationsTo(`${kid}-${gateway}`)).toEqual(both);
      expect(await state.rotationsTo("nobody")).toEqual([]);
    });

    it("keeps what is undated by its boot, until that is dated", async () => {
      await using state = await fresh();
      const run = (bootId: string, firstSeq: number, lastSeq: number) => {
        return { epoch: 1, firstSeq, lastSeq, bootId, monotonicMs: firstSeq, sealedAtMs: 0 };
      };
      const change = (lastSeq: number) => ({ head: headAt(lastSeq), firstSeq: lastSeq, ids: [], exceptions: [] });
      await state.exclusively(gateway, 1, async (entry) => {
        await entry.keep({ ...change(1), undated: run("a", 1, 1) });
        await entry.keep({ ...change(2), undated: run("a", 1, 2) });
        await entry.keep({ ...change(3), undated: run("a", 3, 3) });
        await entry.keep({ ...change(4), undated: run("b", 4, 4) });
      });
      await state.exclusively(gateway, 2, async (entry) => {
        expect(await entry.undated("a")).toEqual([run("a", 1, 2), run("a", 3, 3)]);
        expect(await entry.undated("c")).toEqual([]);
      });
      await state.exclusively(gateway, 1, (entry) => entry.keep({ ...change(5), dated: "a" }));
      await state.exclusively(gateway, 1, async (entry) => {
        expect(await entry.undated("a")).toEqual([]);
        expect(await entry.undated("b")).toEqual([run("b", 4, 4)]);
      });
    });

    it.skipIf(!lasting)("remembers when it is opened again", async () => {
      const first = await fresh();
      await first.exclusively(gateway, 1, (entry) =>
        entry.keep({ head: headAt(7), firstSeq: 1, ids: [bytes(1, 16)], exceptions: [] }),
      );
      await first[Symbol.asyncDispose]();
      await using again = await open(`state-${files}`);
      await again.exclusively(gateway, 1, async (entry) => {
        expect(entry.head?.lastSeq).toBe(7);
        expect((await entry.known([bytes(1, 16)])).size).toBe(1);
      });
    });
  });
}

/** What the first version wrote. */
const version1 = {
  sqlite: [
    `CREATE TABLE epoch(gateway TEXT, epoch INTEGER, last_seq INTEGER NOT NULL, hash BLOB NOT NULL,
       exceptions TEXT NOT NULL, PRIMARY KEY(gateway, epoch)) STRICT, WITHOUT ROWID`,
    `CREATE TABLE segment(gateway TEXT, epoch INTEGER, first_seq INTEGER, hash BLOB NOT NULL,
       PRIMARY KEY(gateway, epoch, first_seq)) STRICT, WITHOUT ROWID`,
    "CREATE TABLE record(gateway TEXT, id BLOB, PRIMARY KEY(gateway, id)) STRICT, WITHOUT ROWID",
    "PRAGMA application_id=0x56494752",
    "PRAGMA user_version=1",
  ],
  postgres: `CREATE TABLE vigie_epoch(gateway text, epoch bigint, last_seq bigint NOT NULL, hash bytea NOT NULL,
     exceptions text NOT NULL, PRIMARY KEY(gateway, epoch));
   CREATE TABLE vigie_segment(gateway text, epoch bigint, first_seq bigint, hash bytea NOT NULL,
     PRIMARY KEY(gateway, epoch, first_seq));
   CREATE TABLE vigie_record(gateway text, id bytea, PRIMARY KEY(gateway, id));
   CREATE TABLE vigie_receiver(version int NOT NULL); INSERT INTO vigie_receiver VALUES(1)`,
};

/** A state of the first version goes on where it stood, and keeps what the second one knows. */
async function expectMigrated(open: () => Promise<ReceiverState>): Promise<void> {
  const kept = { epoch: 1, seq: 8, statement: JSON.stringify({ kid: "migrated" }) };
  await using state = await open();
  await state.exclusively("old", 1, async (entry) => {
    expect(entry.head?.lastSeq).toBe(7);
    expect(entry.rotations).toEqual([]);
    await entry.keep({ head: headAt(8), firstSeq: 8, ids: [], exceptions: [], rotations: [kept] });
  });
  expect(await state.rotationsTo("migrated")).toEqual([{ gateway: "old", ...kept }]);
}

describe("the receiver's state in SQLite", () => {
  it("brings a file of the first version forward", async () => {
    const file = join(folder, "version1.db");
    const database = await openDatabase(file);
    for (const statement of version1.sqlite) await database.run(statement);
    await database.run("INSERT INTO epoch VALUES('old', 1, 7, ?, '[]')", [bytes(7, 32)]);
    await database.close();
    await expectMigrated(() => sqliteState(file));
  });

  it("refuses a file that another receiver holds", async () => {
    const file = join(folder, "held.db");
    await using _first = await sqliteState(file);
    await expect(sqliteState(file)).rejects.toMatchObject({ code: "RECEIVER_STATE_OPEN" });
  });
});

describe.skipIf(!hasPostgres)("the receiver's state in PostgreSQL, shared", () => {
  it("brings a database of the first version forward, whoever comes first", async () => {
    const admin = new pg.Client(postgres?.url);
    await admin.connect();
    await admin.query("CREATE DATABASE version1");
    await admin.end();
    const url = postgres?.url.replace("/postgres?", "/version1?") ?? "";
    const old = new pg.Client(url);
    await old.connect();
    await old.query(version1.postgres);
    await old.query("INSERT INTO vigie_epoch VALUES('old', 1, 7, $1, '[]')", [Buffer.from(bytes(7, 32))]);
    await old.end();
    await Promise.all([1, 2, 3].map(async () => (await postgresState({ url }))[Symbol.asyncDispose]()));
    await expectMigrated(() => postgresState({ url }));
  });

  it("lets one receiver at a time at a gateway, whichever process it is", async () => {
    const url = postgres?.url ?? "";
    await using one = await postgresState({ url });
    await using two = await postgresState({ url });
    let running = 0;
    const work = (state: ReceiverState) =>
      state.exclusively("shared", 1, async (entry) => {
        running += 1;
        expect(running).toBe(1);
        const lastSeq = (entry.head?.lastSeq ?? 0) + 1;
        await entry.keep({ head: headAt(lastSeq), firstSeq: lastSeq, ids: [], exceptions: [] });
        running -= 1;
      });
    await Promise.all(Array.from({ length: 20 }, (_, i) => work(i % 2 === 0 ? one : two)));
    await one.exclusively("shared", 1, async (entry) => expect(entry.head?.lastSeq).toBe(20));
  });

  it("writes nothing for a receiver that was overtaken", async () => {
    const url = postgres?.url ?? "";
    await using one = await postgresState({ url });
    await using two = await postgresState({ url });
    const keep =
      (state: ReceiverState, lastSeq: number) => (entry: Parameters<Parameters<typeof state.exclusively>[2]>[0]) =>
        entry.keep({ head: headAt(lastSeq), firstSeq: lastSeq, ids: [], exceptions: [] });
    const late = one.exclusively("overtaken", 1, async (entry) => {
      // The lock's session is taken away, as a failover of the database does.
      const admin = new pg.Client(url);
      await admin.connect();
      await admin.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype='advisory'");
      await admin.end();
      await two.exclusively("overtaken", 1, keep(two, 1));
      await keep(one, 1)(entry);
    });
    await expect(late).rejects.toThrow();
    await two.exclusively("overtaken", 1, async (entry) => expect(entry.head?.lastSeq).toBe(1));
  });
});
