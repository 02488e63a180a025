/** Changes of key: the one that the bodies are encrypted with, and the one that segments are signed with. */
import { bytes, say } from "../errors/sentence.ts";
import { type SigningKey, verifyingKey } from "../seal/key.ts";
import { RecordKind } from "../seal/record.ts";
import { openRotation, type RotationStatement, sealRotation } from "../seal/rotation.ts";
import { type Entry, entryOf } from "./entry.ts";
import { finishErasure } from "./erasure.ts";
import { errors } from "./errors.ts";
import { type FactPlace, moveFacts, START } from "./facts.ts";
import { type JournalState, NEXT_INDEX_KEY } from "./identity.ts";
import { random } from "./random.ts";
import { blob, integer } from "./row.ts";
import type { Sql } from "./sqlite.ts";
import type { Store } from "./store.ts";
import { CHECK_BYTES } from "./vault.ts";

/** Some hundred kB of bodies, and a few milliseconds, in one transaction. */
const BODIES_AT_ONCE = 64;

export async function rotateBoxKey(store: Store, boxKey: Uint8Array): Promise<void> {
  const { database, state } = store;
  const { vault } = state;
  if (boxKey.length !== 32) throw errors.JOURNAL_KEY_WRONG({ found: bytes(boxKey.length), expected: bytes(32) });
  if (vault.isKey(boxKey) && !vault.isRotating) return;
  if (!vault.isKey(boxKey)) {
    if (vault.isRotating) throw errors.JOURNAL_KEY_ROTATING();
    // It may be waiting in a box of its own, which no step below would move.
    await finishErasure(store);
    const nextBox = vault.boxForNext(boxKey);
    await database.run("INSERT INTO meta(key, value) VALUES (?, ?)", [NEXT_INDEX_KEY, nextBox]);
    vault.moveTo(boxKey);
  }
  // What was boxed with the old key and is not written yet is written before the end is looked for.
  await store.settled();
  for (let at: number | undefined = 0; at !== undefined; ) {
    store.goOn();
    const after: number = at;
    at = await database.transaction((sql) => moveBoxes(sql, store, after));
  }
  for (let at: FactPlace | undefined = START; at !== undefined; ) {
    store.goOn();
    const after: FactPlace = at;
    at = await database.transaction((sql) => moveFacts(sql, state.vault, after));
  }
  await database.transaction(async (sql) => {
    await sql.run("UPDATE meta SET value = ? WHERE key = 'index-key'", [vault.indexKeyBox()]);
    await sql.run("DELETE FROM meta WHERE key = ?", [NEXT_INDEX_KEY]);
  });
  vault.forgetOldKey();
  await database.all("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** @returns the last one looked at; undefined where there was none. */
async function moveBoxes(sql: Sql, { state, damaged }: Store, after: number): Promise<number | undefined> {
  const rows = await sql.all("SELECT seq, box FROM body WHERE seq > ? AND length(box) > ? ORDER BY seq LIMIT ?", [
    after,
    CHECK_BYTES,
    BODIES_AT_ONCE,
  ]);
  for (const row of rows) {
    const seq = integer(row, "seq");
    const moved = state.vault.moved(blob(row, "box"));
    // It stays as it is: a better day may find what was wrong with it.
    if (moved === null)
      damaged(seq, say("un corps qu'aucune des deux clés n'ouvre", "a body that opens with neither key"));
    else if (moved !== undefined) await sql.run("UPDATE body SET box = ? WHERE seq = ?", [moved, seq]);
  }
  const last = rows.at(-1);
  return last === undefined ? undefined : integer(last, "seq");
}

/** The last entry that the old key will seal. @throws SEAL_KEY_INVALID */
export function rotationEntry(state: JournalState, key: SigningKey): Entry {
  verifyingKey(key.publicKey);
  const statement = sealRotation(state.gateway, state.signingKey, key);
  const body = Buffer.from(JSON.stringify(statement));
  const entry = entryOf({ kind: RecordKind.audit, id: random(16), body }, state.vault, 0);
  return { ...entry, next: { key, statement } };
}

/** The record is on disk: from here on the new key seals. */
export function adopt(state: JournalState, key: SigningKey, statement: RotationStatement): void {
  const rotation = openRotation(statement);
  if (rotation === undefined) throw new RangeError("a rotation of our own that does not verify");
  state.signingKey = key;
  state.rotations = [...state.rotations, rotation];
}
