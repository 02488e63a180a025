/** What is known beside the chain: boxes on shelves, written in the transaction of the record that tells of the change. */
import { say } from "../errors/sentence.ts";
import { encode, tryDecode } from "../seal/cbor.ts";
import { isSame } from "./checks.ts";
import { errors } from "./errors.ts";
import type { Fact, StoredFact } from "./port.ts";
import { blob, text } from "./row.ts";
import type { Row, Sql } from "./sqlite.ts";
import type { Vault } from "./vault.ts";

/** A fact made ready to be written: its name as a keyed hash, its value in a box; null takes it off the shelf. */
export interface SealedFact {
  readonly shelf: string;
  readonly name: Uint8Array;
  readonly box: Uint8Array | null;
}

/** A fact is a person, an assignment, a waiting measurement: some kilobytes. */
const MAX_FACT = 1024 * 1024;

export const createFacts =
  "CREATE TABLE fact(shelf TEXT NOT NULL, name BLOB NOT NULL, box BLOB NOT NULL, PRIMARY KEY(shelf, name)) STRICT, WITHOUT ROWID";

export function sealFact({ shelf, key, value }: Fact, vault: Vault): SealedFact {
  // Shelf and key are inside: a box that was moved to another row is found out.
  const box = value === undefined ? null : vault.seal(encode([shelf, key, value]));
  return { shelf, name: nameOf(shelf, key, vault), box };
}

export async function writeFacts(sql: Sql, facts: readonly SealedFact[]): Promise<void> {
  for (const { shelf, name, box } of facts) {
    if (box === null) await sql.run("DELETE FROM fact WHERE shelf = ? AND name = ?", [shelf, name]);
    else {
      await sql.run(
        "INSERT INTO fact(shelf, name, box) VALUES (?, ?, ?) ON CONFLICT(shelf, name) DO UPDATE SET box = excluded.box",
        [shelf, name, box],
      );
    }
  }
}

/** All that is on a shelf, sorted by key. @throws JOURNAL_DAMAGED where a box does not open or is not where it was put. */
export async function readFacts(sql: Sql, vault: Vault, shelf: string): Promise<readonly StoredFact[]> {
  const rows = await sql.all("SELECT name, box FROM fact WHERE shelf = ?", [shelf]);
  const facts = rows.map((row): StoredFact => {
    const fact = openFact(row, vault, shelf);
    if (fact === undefined)
      throw errors.JOURNAL_DAMAGED({
        where: say(`étagère ${shelf}`, `shelf ${shelf}`),
        found: say("un fait qui ne s'ouvre pas", "a fact that does not open"),
      });
    return fact;
  });
  return facts.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Where one stands among all facts, for a walk in steps. */
export type FactPlace = readonly [shelf: string, name: Uint8Array];
export const START: FactPlace = ["", new Uint8Array()];
const FACTS_AT_ONCE = 64;

/** Moves the next facts to the key that the vault is moving to. @returns the last one looked at; undefined at the end. */
export async function moveFacts(sql: Sql, vault: Vault, after: FactPlace): Promise<FactPlace | undefined> {
  const rows = await sql.all(
    "SELECT shelf, name, box FROM fact WHERE (shelf, name) > (?, ?) ORDER BY shelf, name LIMIT ?",
    [...after, FACTS_AT_ONCE],
  );
  for (const row of rows) {
    const moved = vault.moved(blob(row, "box"));
    // One that opens with neither key stays as it is: readFacts() and damagedShelves() say so.
    if (moved === undefined || moved === null) continue;
    const place = [text(row, "shelf"), blob(row, "name")];
    await sql.run("UPDATE fact SET box = ? WHERE shelf = ? AND name = ?", [moved, ...place]);
  }
  const last = rows.at(-1);
  return last === undefined ? undefined : [text(last, "shelf"), blob(last, "name")];
}

/** @returns the shelves on which a fact is not as it was written. */
export async function damagedShelves(sql: Sql, vault: Vault): Promise<readonly string[]> {
  const shelves = (await sql.all("SELECT DISTINCT shelf FROM fact")).map((row) => text(row, "shelf"));
  const damaged: string[] = [];
  for (const shelf of shelves) {
    const rows = await sql.all("SELECT name, box FROM fact WHERE shelf = ?", [shelf]);
    if (rows.some((row) => openFact(row, vault, shelf) === undefined)) damaged.push(shelf);
  }
  return damaged;
}

/** @returns undefined where the box does not open, or is not where it was put. */
export function openFact(row: Row, vault: Vault, shelf: string): StoredFact | undefined {
  const fact = openFactBox(blob(row, "box"), vault, shelf);
  return fact !== undefined && isSame(nameOf(shelf, fact.key, vault), blob(row, "name")) ? fact : undefined;
}

/** The same, whatever the row is called. */
export function openFactBox(box: Uint8Array, vault: Vault, shelf: string): StoredFact | undefined {
  const plain = vault.open(box);
  const items = plain && tryDecode(plain, { maxBytes: MAX_FACT, maxDepth: 2, tags: [] });
  const [on, key, value]: unknown[] = Array.isArray(items) ? items : [];
  return on === shelf && typeof key === "string" && typeof value === "string" ? { key, value } : undefined;
}

const nameOf = (shelf: string, key: string, vault: Vault): Uint8Array => vault.pseudonym("fact", `${shelf}\n${key}`);
