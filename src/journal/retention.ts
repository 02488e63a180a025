/**
 * How long the journal keeps what was delivered: bodies some days, so that a platform can ask again; records and segments
 * longer, so that a repeat is known and the chain can be shown. What a destination has not receipted, or has put aside, is never
 * touched, and neither is the audit trail, before its segment is pruned.
 */
import type { Instant } from "../measure/time.ts";
import { RecordKind } from "../seal/record.ts";
import { isSame, passedCheck } from "./checks.ts";
import { readCursors } from "./cursors.ts";
import { erase, refusedRecord } from "./erasure.ts";
import { readFacts } from "./facts.ts";
import { REFUSALS, type Retained, type RetentionPolicy } from "./port.ts";
import { prune } from "./prune.ts";
import { blob, integer } from "./row.ts";
import type { Sql } from "./sqlite.ts";
import type { Store } from "./store.ts";
import type { Vault } from "./vault.ts";

const DAY_MS = 86_400_000;

/** @param isRelieved given where the journal is full: then what is receipted goes at once, until this says enough. */
export async function retain(
  store: Store,
  policy: RetentionPolicy,
  isRelieved?: () => Promise<boolean>,
): Promise<Retained> {
  const { database, state } = store;
  const { now, eraseAfterDays, pruneAfterDays, quarantineAfterDays } = policy;
  const receipted = await receiptedByAll(database, state.vault, policy.destinations);
  // A clock that nobody vouches for counts no days: on a board that wakes in 1970, or in 2100, everything waits.
  const passed = now.synchronised ? await passedDays(store, receipted, policy) : () => 0;

  // Looked at behind the cursors: a letter is on disk before the cursor passes its record.
  const aside = await putAside(database, state.vault);
  const readings = readingsBut(aside);
  const erasable = Math.min(receipted, passed(eraseAfterDays));
  const after = state.erasedThrough;
  let erased = await erase(store, { after, through: erasable, ...readings });
  const isAside = new Set(aside);
  for (const seq of state.spared.filter((one) => !isAside.has(one))) {
    erased += await erase(store, { after: seq - 1, through: seq, ...readings });
  }
  state.erasedThrough = Math.max(after, erasable);
  state.spared = aside.filter((seq) => seq <= state.erasedThrough);
  if (isRelieved !== undefined && !(await isRelieved())) {
    erased += await erase(store, { after: state.erasedThrough, through: receipted, ...readings }, isRelieved);
  }
  if (quarantineAfterDays !== undefined) {
    const through = Math.min(receipted, passed(quarantineAfterDays));
    erased += await erase(store, { after: 0, through, where: "kind = ?", parameters: [RecordKind.quarantine] });
  }
  const prunedThrough = await prune(store, Math.min(receipted, passed(pruneAfterDays)));
  return { erased, prunedThrough };
}

/**
 * Records that a destination put aside: its cursor is past them, and it does not hold them. Their bodies stay while their letter
 * is open, whoever else took them.
 */
async function putAside(sql: Sql, vault: Vault): Promise<readonly number[]> {
  const letters = await readFacts(sql, vault, REFUSALS);
  return letters.flatMap(({ key }) => refusedRecord(key) ?? []);
}

/** Quarantined readings stay until they are released or discarded; the audit trail until it is pruned. */
const readingsBut = (aside: readonly number[]) => ({
  where: "kind IN (?, ?, ?) AND record.seq NOT IN (SELECT value FROM json_each(?))",
  parameters: [RecordKind.measure, RecordKind.event, RecordKind.alarm, JSON.stringify(aside)],
});

/** What every destination has confirmed. With no destination nothing is delivered, and nothing goes. */
async function receiptedByAll(sql: Sql, vault: Vault, destinations: readonly string[]): Promise<number> {
  const { sound } = await readCursors(sql, vault);
  const through = new Map(sound.map((cursor) => [cursor.destination, cursor.through]));
  return destinations.length === 0 ? 0 : Math.min(...destinations.map((name) => through.get(name) ?? 0));
}

/**
 * Notes how far delivery is today.
 * @returns how far it was so many days ago. Counted from when it was noted: late by an interval of retention, never early.
 */
async function passedDays({ database, state }: Store, receipted: number, policy: RetentionPolicy) {
  const { vault } = state;
  const today = dayOf(policy.now);
  const longest = Math.max(policy.eraseAfterDays, policy.pruneAfterDays, policy.quarantineAfterDays ?? 0);
  const rows = await database.transaction(async (sql) => {
    await sql.run(
      `INSERT INTO passed(day, through, row_check) VALUES (?, ?, ?)
       ON CONFLICT(day) DO UPDATE SET through = excluded.through, row_check = excluded.row_check
       WHERE through <> excluded.through OR row_check <> excluded.row_check`,
      [today, receipted, passedCheck(vault, today, receipted)],
    );
    // One row of those that are old enough for everything is enough: the last.
    await sql.run("DELETE FROM passed WHERE day < (SELECT max(day) FROM passed WHERE day <= ?)", [today - longest]);
    return sql.all("SELECT day, through, row_check FROM passed");
  });
  const sound = rows
    .map((row) => ({ day: integer(row, "day"), through: integer(row, "through"), check: blob(row, "row_check") }))
    .filter(({ day, through, check }) => through >= 0 && isSame(check, passedCheck(vault, day, through)));
  return (days: number): number =>
    Math.max(0, ...sound.filter(({ day }) => day <= today - days).map(({ through }) => through));
}

const dayOf = (now: Instant): number => Math.floor(now.wall / DAY_MS);
