/**
 * Is the file what was written? Every segment's signature and place, every record against its digest, every column of the
 * index against its box and its check, then what SQLite itself finds. Read in short transactions, so that appending goes on
 * meanwhile; a segment is judged as a whole within one of them.
 */
import { join } from "node:path";
import { isVigieError } from "../errors/error.ts";
import { quoted } from "../errors/sentence.ts";
import { kindOf, type TravellingRecord } from "../seal/record.ts";
import { hashOf, MAX_RECORDS } from "../seal/segment.ts";
import { type Finding, type Verification, Verifier } from "../seal/verifier.ts";
import {
  type IndexRow,
  indexRow,
  isSame,
  isTombstone,
  passedCheck,
  prunedCheck,
  RECORD_COLUMNS,
  rowsCheck,
} from "./checks.ts";
import { readCursors } from "./cursors.ts";
import { PENDING_ERASURE } from "./erasure.ts";
import { damagedShelves } from "./facts.ts";
import { readIfThere } from "./files.ts";
import { type JournalState, journalKeys, NEXT_INDEX_KEY, readMeta, readRotations } from "./identity.ts";
import { CHECKPOINT, checkpointSegment } from "./prune.ts";
import { diskSays } from "./refusal.ts";
import { blob, blobOrNull, integer, text } from "./row.ts";
import { migrate, schemaText } from "./schema.ts";
import { type Database, openDatabase, type Row, type Sql } from "./sqlite.ts";
import type { Vault } from "./vault.ts";
import { words } from "./verify-words.ts";
import { lostCommits } from "./wal.ts";

/** Between two appends: some milliseconds of work, whether the segments are of one record or of 256. */
const SEGMENTS_AT_ONCE = 32;
const RECORDS_AT_ONCE = 256;
const ROWS_AT_ONCE = 2_048;

type Report = (finding: Finding) => void;

export async function verifyJournal(database: Database, state: JournalState, folder: string): Promise<Verification> {
  const verifier = new Verifier(journalKeys(state), { complete: true });
  const report: Report = (finding) => verifier.report(finding);
  // What the page cache remembers is not what the disk holds.
  await database.all("PRAGMA shrink_memory");
  const steps: readonly (() => Promise<void>)[] = [
    () => verifyChain(database, state, verifier),
    () => verifyIdentity(database, state, report),
    () => verifyCheckpoint(database, state, report),
    () => verifyCursors(database, state, report),
    () => verifyPassed(database, state.vault, report),
    () => verifyPruned(database, state.vault, report),
    () => verifyFacts(database, state.vault, report),
    () => verifyFile(database, folder, report),
  ];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      // A page that SQLite cannot read ends one step, and says so; the others still find what they can.
      report({
        fault: "file",
        because: isVigieError(error) ? (error.detail.found ?? error.definition.what) : diskSays(error),
      });
    }
  }
  return verifier.result();
}

async function verifyFacts(sql: Sql, vault: Vault, report: Report): Promise<void> {
  for (const shelf of await damagedShelves(sql, vault)) {
    report({ fault: "index", because: words.fact(shelf) });
  }
}

async function verifyChain(database: Database, state: JournalState, verifier: Verifier): Promise<void> {
  const report: Report = (finding) => verifier.report(finding);
  let [at, through] = [0, 0];
  for (let isMore = true; isMore; ) {
    isMore = await database.transaction(async (sql) => {
      const segments = await sql.all(
        "SELECT first_seq, last_seq, cose, rows_check FROM segment WHERE first_seq > ? ORDER BY first_seq LIMIT ?",
        [at, SEGMENTS_AT_ONCE],
      );
      const before = through;
      for (const segment of segments) {
        through = await verifySegment(sql, state.vault, { segment, after: through }, verifier);
        at = integer(segment, "first_seq");
        if (through - before >= RECORDS_AT_ONCE) break;
      }
      if (segments.length === 0) await verifyEnd(sql, { through, state }, report);
      return segments.length > 0;
    });
  }
}

/** @param at the segment's row, and the last sequence number before it. @returns the last one of this. */
async function verifySegment(
  sql: Sql,
  vault: Vault,
  { segment, after }: { readonly segment: Row; readonly after: number },
  verifier: Verifier,
): Promise<number> {
  const [firstSeq, lastSeq] = [integer(segment, "first_seq"), integer(segment, "last_seq")];
  const end = Math.max(after, Math.min(lastSeq, firstSeq + MAX_RECORDS - 1));
  const rows = await sql.all(
    `SELECT ${RECORD_COLUMNS.replace("seq", "record.seq AS seq")}, box
     FROM record LEFT JOIN body ON body.seq = record.seq WHERE record.seq > ? AND record.seq <= ? ORDER BY record.seq`,
    [after, end],
  );
  const index = rows.map(indexRow);
  let isNamed = false;
  const report: Report = (finding) => {
    isNamed = true;
    verifier.report(finding);
  };
  const records = rows.map((row, at): TravellingRecord => {
    const indexed = index[at];
    return indexed === undefined
      ? { seq: 0, withheld: true }
      : verifyRecord(vault, indexed, blobOrNull(row, "box"), report);
  });
  verifier.add({ segment: blob(segment, "cose"), records });
  if (records.length !== lastSeq - firstSeq + 1) {
    report({ seq: firstSeq, fault: "index", because: words.count(records.length, firstSeq, lastSeq) });
  }
  if (!isNamed && !isSame(blob(segment, "rows_check"), rowsCheck(vault, index))) {
    report({ seq: firstSeq, fault: "index", because: words.rows(firstSeq, lastSeq) });
  }
  return end;
}

function verifyRecord(vault: Vault, row: IndexRow, box: Uint8Array | null, report: Report): TravellingRecord {
  const { seq } = row;
  const withheld = { seq, withheld: true } as const;
  if (box === null) {
    report({ seq, fault: "body", because: words.absent });
    return withheld;
  }
  if (isTombstone(vault, seq, box)) return withheld;
  const contents = vault.openContents(box);
  if (contents === undefined) {
    report({ seq, fault: "body", because: words.box });
    return withheld;
  }
  const kind = kindOf(row.kind);
  if (kind === undefined) {
    report({ seq, fault: "index", because: words.kind(row.kind) });
    return withheld;
  }
  const { id, salt, body, indexed } = contents;
  const day = indexed?.day ?? row.day;
  const wrong = [
    ...(row.day === day ? [] : ["day"]),
    ...(isSame(row.idem, vault.idem(id, day)) ? [] : ["idem"]),
    ...(indexed === undefined || isName(row.device, vault, "device", indexed.device) ? [] : ["device"]),
    ...(indexed === undefined || isName(row.person, vault, "person", indexed.person) ? [] : ["person"]),
  ];
  if (wrong.length > 0) report({ seq, fault: "index", because: words.columns(wrong) });
  return { seq, kind, id, salt, body };
}

function isName(column: Uint8Array | null, vault: Vault, domain: "device" | "person", name: string | null): boolean {
  if (column === null || name === null) return column === null && name === null;
  return isSame(column, vault.pseudonym(domain, name));
}

/** What stands behind the last segment, or beside the records. */
async function verifyEnd(
  sql: Sql,
  { through, state }: { readonly through: number; readonly state: JournalState },
  report: Report,
): Promise<void> {
  const behind = "SELECT seq FROM record WHERE seq > ? UNION SELECT seq FROM body WHERE seq > ? LIMIT 16";
  for (const row of await sql.all(behind, [through, through])) {
    report({ seq: integer(row, "seq"), fault: "index", because: words.unsealed });
  }
  const alone = "SELECT seq FROM body WHERE NOT EXISTS (SELECT 1 FROM record WHERE record.seq = body.seq) LIMIT 16";
  for (const row of await sql.all(alone)) {
    report({ seq: integer(row, "seq"), fault: "body", because: words.alone });
  }
  const [last] = await sql.all("SELECT cose FROM segment ORDER BY first_seq DESC LIMIT 1");
  const head = last === undefined ? null : hashOf(blob(last, "cose"));
  const isHead = head === null || state.previous === null ? head === state.previous : isSame(head, state.previous);
  if (!isHead) report({ seq: through, fault: "head", because: words.head });
}

/** What the meta table may hold, and which of it is in a box. */
const boxed = new Set<string>(["index-key", NEXT_INDEX_KEY, PENDING_ERASURE]);
const known = new Set<string>(["gateway", "epoch", CHECKPOINT, ...boxed]);

async function verifyIdentity(sql: Sql, state: JournalState, report: Report): Promise<void> {
  const meta = await readMeta(sql);
  if (meta?.gateway !== state.gateway || meta.epoch !== state.epoch) {
    report({ fault: "identity", because: words.identity });
  }
  for (const row of await sql.all("SELECT key, value FROM meta")) {
    const [key, value] = [text(row, "key"), blob(row, "value")];
    const isSound = known.has(key) && (!boxed.has(key) || state.vault.open(value) !== undefined);
    if (!isSound) report({ fault: "identity", because: words.meta(key) });
  }
  const rotations = await readRotations(sql);
  if (rotations.length !== state.rotations.length) {
    report({ fault: "identity", because: words.rotations(rotations.length, state.rotations.length) });
  }
}

async function verifyCheckpoint(database: Database, state: JournalState, report: Report): Promise<void> {
  await checkpointSegment(database, state, (seq, because) => report({ seq, fault: "checkpoint", because }));
}

async function verifyCursors(sql: Sql, state: JournalState, report: Report): Promise<void> {
  const { sound, damaged } = await readCursors(sql, state.vault);
  for (const destination of damaged) {
    report({ fault: "cursor", because: words.cursor(destination) });
  }
  for (const { destination, through } of sound) {
    if (through > state.lastSeq) {
      report({ seq: through, fault: "cursor", because: words.beyond(destination, state.lastSeq) });
    }
  }
}

async function verifyPassed(sql: Sql, vault: Vault, report: Report): Promise<void> {
  for (const row of await sql.all("SELECT day, through, row_check FROM passed")) {
    const [day, through] = [integer(row, "day"), integer(row, "through")];
    const isSound = through >= 0 && isSame(blob(row, "row_check"), passedCheck(vault, day, through));
    if (!isSound) report({ fault: "retention", because: words.passed(day) });
  }
}

async function verifyPruned(sql: Sql, vault: Vault, report: Report): Promise<void> {
  let at: Uint8Array = new Uint8Array();
  for (;;) {
    const rows = await sql.all("SELECT idem, seq, row_check FROM pruned WHERE idem > ? ORDER BY idem LIMIT ?", [
      at,
      ROWS_AT_ONCE,
    ]);
    for (const row of rows) {
      const seq = integer(row, "seq");
      at = blob(row, "idem");
      const isSound = seq > 0 && isSame(blob(row, "row_check"), prunedCheck(vault, at, seq));
      if (!isSound) report({ seq, fault: "index", because: words.pruned });
    }
    if (rows.length < ROWS_AT_ONCE) return;
  }
}

async function verifyFile(database: Database, folder: string, report: Report): Promise<void> {
  for (const { integrity_check: line } of await database.all("PRAGMA integrity_check")) {
    if (line !== "ok") report({ fault: "file", because: quoted(String(line)) });
  }
  const model = await openDatabase(":memory:");
  try {
    await migrate(model, 0, () => Promise.reject(new RangeError("a new file has nothing to open")));
    const [found, expected] = [await schemaText(database), await schemaText(model)];
    if (found.join("\n") !== expected.join("\n")) report({ fault: "file", because: words.schema });
  } finally {
    await model.close();
  }
  // No lock of ours is on the log (they are on the database file), so that it may be opened beside SQLite.
  const lost = await database.transaction(async () => lostCommits(await readIfThere(join(folder, "journal.db-wal"))));
  if (lost !== undefined) report({ fault: "log", because: lost });
}
