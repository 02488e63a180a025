/**
 * Erases bodies: their boxes, with the salt and the source inside, give way to a keyed mark of 16 bytes. The record and its
 * digest stay, so the chain verifies; and nothing can be guessed back from a digest whose salt is gone.
 */
import { createHash } from "node:crypto";
import { say } from "../errors/sentence.ts";
import { encode, isBytes, tryDecode } from "../seal/cbor.ts";
import { RecordKind } from "../seal/record.ts";
import { isSame, tombstone } from "./checks.ts";
import { errors } from "./errors.ts";
import { openFact } from "./facts.ts";
import { type Draft, REFUSALS, type SeqRange } from "./port.ts";
import { random } from "./random.ts";
import { blob, blobOrNull, integer } from "./row.ts";
import type { Sql, SqlValue } from "./sqlite.ts";
import type { Store } from "./store.ts";
import { CHECK_BYTES, type Vault } from "./vault.ts";

/**
 * Bodies erased in one transaction. On a disk that is nearly full a transaction needs room in the log for every page that
 * it touches; 50 of them are some 200 kB.
 */
const BODIES_AT_ONCE = 50;
/** Records looked at between two appends: some milliseconds. */
const ROWS_AT_ONCE = 4_096;

/** Which bodies: a range, and a condition on the row of the index. */
export interface Selection extends SeqRange {
  readonly where: string;
  readonly parameters: readonly SqlValue[];
}

/**
 * Erases the bodies of a selection, step by step; cut in between, what was erased stays so.
 * @param enough asked after each step: true ends it there.
 * @returns how many bodies were erased. None of them is in the file or its log any more.
 */
export async function erase(store: Store, selection: Selection, enough = async () => false): Promise<number> {
  let erased = 0;
  for await (const seqs of steps(store.database, selection)) {
    store.goOn();
    await store.database.transaction((sql) => bury(sql, store, seqs));
    erased += seqs.length;
    if (await enough()) break;
  }
  // The log still holds the pages as they were: they are written over in the file, and the log is cut to nothing.
  if (erased > 0) await store.database.all("PRAGMA wal_checkpoint(TRUNCATE)");
  return erased;
}

async function* steps(sql: Sql, { after, through, where, parameters }: Selection) {
  for (let from = after; from < through; from += ROWS_AT_ONCE) {
    const rows = await sql.all(
      `SELECT record.seq AS seq FROM record JOIN body ON body.seq = record.seq
       WHERE record.seq > ? AND record.seq <= ? AND length(box) > ? AND ${where} ORDER BY record.seq`,
      [from, Math.min(from + ROWS_AT_ONCE, through), CHECK_BYTES, ...parameters],
    );
    const seqs = rows.map((row) => integer(row, "seq"));
    for (let at = 0; at < seqs.length; at += BODIES_AT_ONCE) yield seqs.slice(at, at + BODIES_AT_ONCE);
  }
}

async function bury(sql: Sql, { state }: Store, seqs: readonly number[]): Promise<void> {
  await sql.run(
    `INSERT INTO body(seq, box) VALUES ${seqs.map(() => "(?,?)").join(",")}
     ON CONFLICT(seq) DO UPDATE SET box = excluded.box`,
    seqs.flatMap((seq) => [seq, tombstone(state.vault, seq)]),
  );
}

/**
 * Erases one body before its time: a quarantined reading that was released, and is a measure now, or that nobody claims.
 * @param reason without identity or health value: it goes into the audit trail, which travels.
 */
export async function discard(store: Store, seq: number, reason: string): Promise<void> {
  const [row] = await store.database.all("SELECT kind FROM record WHERE seq = ?", [seq]);
  if (row === undefined || integer(row, "kind") !== RecordKind.quarantine) {
    throw new RangeError(`${seq} is no quarantined reading`);
  }
  // The audit trail first: said twice is once (the id is the same), and done without being said cannot be.
  await store.append(auditOf(`discard ${store.state.epoch} ${seq}`, { type: "discarded", seq, reason }));
  await erase(store, { after: seq - 1, through: seq, where: "kind = ?", parameters: [RecordKind.quarantine] });
}

/** Erases the bodies of one person's measures in a range; the caller answers for saying so. */
export async function eraseRange(store: Store, reference: string, range: SeqRange): Promise<number> {
  const person = store.state.vault.pseudonym("person", reference);
  const selection = { ...range, where: "person = ? AND kind = ?", parameters: [person, RecordKind.measure] };
  const erased = await erase(store, selection);
  await eraseRefusals(store, person);
  return erased;
}

/** What destinations said of a person's records goes behind their bodies; and what is said of a record that was pruned: nobody can tell whose it was. */
async function eraseRefusals({ database, state: { vault } }: Store, person: Uint8Array): Promise<void> {
  const taken = await database.transaction(async (sql) => {
    const rows = await sql.all("SELECT name, box FROM fact WHERE shelf = ?", [REFUSALS]);
    const gone: Uint8Array[] = [];
    for (const row of rows) {
      const seq = refusedRecord(openFact(row, vault, REFUSALS)?.key ?? "");
      if (seq !== undefined && (await isErased(sql, seq, person))) gone.push(blob(row, "name"));
    }
    for (const name of gone) await sql.run("DELETE FROM fact WHERE shelf = ? AND name = ?", [REFUSALS, name]);
    return gone.length;
  });
  if (taken > 0) await database.all("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** @param key of a fact on the shelf of refusals. @returns the number of the record that it is about. */
export function refusedRecord(key: string): number | undefined {
  const digits = /\/(\d+)$/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

async function isErased(sql: Sql, seq: number, person: Uint8Array): Promise<boolean> {
  const [row] = await sql.all(
    `SELECT person, length(box) AS size FROM record LEFT JOIN body ON body.seq = record.seq WHERE record.seq = ?`,
    [seq],
  );
  if (row === undefined) return true;
  const whose = blobOrNull(row, "person");
  return whose !== null && isSame(whose, person) && (row["size"] === null || integer(row, "size") <= CHECK_BYTES);
}

/** Whose bodies are being erased, in a box, until all are. */
export const PENDING_ERASURE = "erasing-person";

/**
 * Erases all bodies of one person (RGPD, article 17), delivered or not, and says so in the audit trail without a name.
 * @returns how many records the journal has of the person; their bodies are all gone.
 */
export async function erasePerson(store: Store, reference: string, reason: string): Promise<number> {
  const { database, state } = store;
  await finishErasure(store);
  const person = state.vault.pseudonym("person", reference);
  const pending = state.vault.seal(encode([person, Buffer.from(random(16)).toString("hex"), reason]));
  await database.run("INSERT INTO meta(key, value) VALUES (?, ?)", [PENDING_ERASURE, pending]);
  return finishErasure(store);
}

/** Goes on with an erasure that a cut ended. @returns how many records it was about; 0 where none was under way. */
export async function finishErasure(store: Store): Promise<number> {
  const { database, state } = store;
  const pending = await pendingErasure(database, state.vault);
  if (pending === undefined) return 0;
  const { person, nonce, reason } = pending;
  const through = state.lastSeq;
  await erase(store, { after: 0, through, where: "person = ?", parameters: [person] });
  await eraseRefusals(store, person);
  const [count] = await database.all("SELECT count(*) AS records FROM record WHERE seq <= ? AND person = ?", [
    through,
    person,
  ]);
  const records = count === undefined ? 0 : integer(count, "records");
  const pseudonym = Buffer.from(person).toString("hex");
  await store.append(auditOf(`erasure ${nonce}`, { type: "person-erased", person: pseudonym, reason, records }));
  await database.run("DELETE FROM meta WHERE key = ?", [PENDING_ERASURE]);
  return records;
}

/** Whose bodies are being erased, and why. @throws JOURNAL_DAMAGED */
export async function pendingErasure(sql: Sql, vault: Vault) {
  const [row] = await sql.all("SELECT value FROM meta WHERE key = ?", [PENDING_ERASURE]);
  if (row === undefined) return undefined;
  const plain = vault.open(blob(row, "value"));
  const items = plain && tryDecode(plain, { maxBytes: 65_536, maxDepth: 2, tags: [] });
  const [person, nonce, reason]: unknown[] = Array.isArray(items) ? items : [];
  if (!isBytes(person, 16) || typeof nonce !== "string" || typeof reason !== "string") {
    throw errors.JOURNAL_DAMAGED({
      where: say("table meta", "table meta"),
      found: say("un effacement en cours qui ne se lit pas", "an erasure under way that cannot be read"),
    });
  }
  return { person, nonce, reason };
}

/** An audit entry that stays one, however often it is appended: its id and day come from what it is about. */
export function auditOf(about: string, facts: object): Draft {
  const id = createHash("sha256").update(about).digest().subarray(0, 16);
  return { kind: RecordKind.audit, id, day: 0, body: Buffer.from(JSON.stringify(facts)) };
}
