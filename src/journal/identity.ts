/** Whose journal a file is, and where its chain stands: read at every open, written once. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../measure/time.ts";
import { keyRing, kidText, type SigningKey, verifyingKey } from "../seal/key.ts";
import { hashOf, openSegment } from "../seal/segment.ts";
import { errors } from "./errors.ts";
import { blob, integer, text } from "./row.ts";
import type { Database } from "./sqlite.ts";
import { newIndexKey, openVault, type Vault } from "./vault.ts";

/** What the journal carries in memory between two commits. */
export interface JournalState {
  readonly gateway: string;
  readonly epoch: number;
  readonly vault: Vault;
  lastSeq: number;
  /** SHA-256 of the last segment; null before the first. */
  previous: Uint8Array | null;
}

interface Identity {
  readonly gateway: string;
  readonly boxKey: Uint8Array;
  readonly signingKey: SigningKey;
  readonly clock: Clock;
}

/** Begins a new journal, or finds where the existing one stands. */
export async function begin(database: Database, identity: Identity): Promise<JournalState> {
  const meta = await readMeta(database);
  const stored = meta ?? (await writeMeta(database, identity));
  if (stored.gateway !== identity.gateway) {
    throw errors.JOURNAL_FOREIGN({ found: stored.gateway, expected: identity.gateway });
  }
  const vault = openVault(identity.boxKey, stored.indexKeyBox);
  const [last] = await database.all("SELECT first_seq, last_seq, cose FROM segment ORDER BY first_seq DESC LIMIT 1");
  if (last === undefined) return { gateway: stored.gateway, epoch: stored.epoch, vault, lastSeq: 0, previous: null };

  const cose = blob(last, "cose");
  const opened = openSegment(cose, keyRing([verifyingKey(identity.signingKey.publicKey)]));
  if (!opened.ok && opened.fault === "unknown-key") {
    throw errors.JOURNAL_SIGNING_KEY_CHANGED({ found: kidText(identity.signingKey.kid), expected: opened.because });
  }
  if (!opened.ok) {
    throw errors.JOURNAL_DAMAGED({ where: `segment ${integer(last, "first_seq")}`, found: opened.because });
  }
  return {
    gateway: stored.gateway,
    epoch: stored.epoch,
    vault,
    lastSeq: integer(last, "last_seq"),
    previous: hashOf(cose),
  };
}

interface Meta {
  readonly gateway: string;
  readonly epoch: number;
  readonly indexKeyBox: Uint8Array;
}

async function readMeta(database: Database): Promise<Meta | undefined> {
  const rows = await database.all("SELECT key, value FROM meta");
  const values = new Map(rows.map((row) => [text(row, "key"), blob(row, "value")]));
  const [gateway, epoch, indexKeyBox] = [values.get("gateway"), values.get("epoch"), values.get("index-key")];
  if (gateway === undefined || epoch === undefined || indexKeyBox === undefined) return undefined;
  return { gateway: Buffer.from(gateway).toString(), epoch: Number(Buffer.from(epoch).toString()), indexKeyBox };
}

async function writeMeta(database: Database, { gateway, boxKey, clock }: Identity): Promise<Meta> {
  const meta: Meta = { gateway, epoch: newEpoch(clock), indexKeyBox: newIndexKey(boxKey) };
  await database.transaction(async (sql) => {
    const rows = { gateway, epoch: String(meta.epoch), "index-key": meta.indexKeyBox };
    for (const [key, value] of Object.entries(rows)) {
      await sql.run("INSERT INTO meta(key, value) VALUES (?, ?)", [key, Buffer.from(value)]);
    }
  });
  return meta;
}

/**
 * Seconds of the wall clock, then 16 random bits. In order wherever the clock is right; and where it is not (a board
 * without a battery begins every journal in 1970) still never the same twice: 32 + 16 bits stay below 2^53.
 */
function newEpoch(clock: Clock): number {
  const seconds = Math.max(0, Math.floor(clock.now().wall / 1000)) % 2 ** 32;
  return seconds * 65_536 + randomBytes(2).readUInt16BE();
}
