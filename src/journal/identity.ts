/** Whose journal a file is, and where its chain stands: read at every open, written once. */
import { randomBytes } from "node:crypto";
import { say, verbatim } from "../errors/sentence.ts";
import type { Clock } from "../measure/time.ts";
import { type KeyRing, kidText, type SigningKey, verifyingKey } from "../seal/key.ts";
import { keysBehind, openRotation, type Rotation } from "../seal/rotation.ts";
import { hashOf, openSegment } from "../seal/segment.ts";
import { readCursors } from "./cursors.ts";
import { errors } from "./errors.ts";
import type { JournalOptions } from "./options.ts";
import { blob, integer, text } from "./row.ts";
import { migrate } from "./schema.ts";
import type { Database, Sql } from "./sqlite.ts";
import { newIndexKey, openVault, type Vault } from "./vault.ts";

/** What the journal carries in memory between two commits. */
export interface JournalState {
  readonly gateway: string;
  readonly epoch: number;
  readonly vault: Vault;
  signingKey: SigningKey;
  /** Every change of key so far, in order. */
  rotations: readonly Rotation[];
  lastSeq: number;
  /** Bodies of readings are known to be erased through here: retention need not look again. */
  erasedThrough: number;
  /** But for these, which a destination had put aside then. */
  spared: readonly number[];
  /** SHA-256 of the last segment; null before the first. */
  previous: Uint8Array | null;
}

/**
 * Begins a new journal, or finds where the existing one stands.
 * @param version the file's, 0 where it is new. An older file is brought to ours once it is known to be this gateway's.
 */
export async function begin(database: Database, version: number, options: JournalOptions): Promise<JournalState> {
  const { boxKey, signingKey } = options;
  const meta = version === 0 ? undefined : await readMeta(database);
  if (meta !== undefined && meta.gateway !== options.gateway) {
    throw errors.JOURNAL_FOREIGN({ found: verbatim(meta.gateway), expected: verbatim(options.gateway) });
  }
  const vault = meta && openVault(boxKey, meta.indexKeyBox, meta.nextBox);
  await migrate(database, version, async () => {
    if (vault === undefined) {
      throw errors.JOURNAL_DAMAGED({ found: say("des segments sans identité", "segments without an identity") });
    }
    return vault;
  });
  const stored = meta ?? (await writeMeta(database, options));
  const state: JournalState = {
    gateway: stored.gateway,
    epoch: stored.epoch,
    vault: vault ?? openVault(boxKey, stored.indexKeyBox),
    signingKey,
    rotations: await readRotations(database),
    lastSeq: 0,
    erasedThrough: 0,
    spared: [],
    previous: null,
  };
  await findHead(database, state);
  const beyond = (await readCursors(database, state.vault)).sound.find(({ through }) => through > state.lastSeq);
  if (beyond !== undefined) {
    // What a platform has receipted is gone from here: to go on would use its sequence numbers again.
    throw errors.JOURNAL_DAMAGED({
      where: say(`curseur de ${beyond.destination}`, `cursor of ${beyond.destination}`),
      found: say(`au-delà de la fin, ${state.lastSeq}`, `beyond the end, ${state.lastSeq}`),
    });
  }
  return state;
}

/** The keys that sealed this journal, as the current one vouches for them. */
export const journalKeys = ({ signingKey, rotations }: JournalState): KeyRing =>
  keysBehind(verifyingKey(signingKey.publicKey), rotations);

async function findHead(sql: Sql, state: JournalState): Promise<void> {
  const kid = kidText(state.signingKey.kid);
  const expected = state.rotations.at(-1)?.to.kid;
  if (expected !== undefined && kidText(expected) !== kid) {
    throw errors.JOURNAL_SIGNING_KEY_CHANGED({ found: verbatim(kid), expected: verbatim(kidText(expected)) });
  }
  const [last] = await sql.all("SELECT first_seq, last_seq, cose FROM segment ORDER BY first_seq DESC LIMIT 1");
  if (last === undefined) return;
  const [cose, firstSeq, lastSeq] = [blob(last, "cose"), integer(last, "first_seq"), integer(last, "last_seq")];
  const opened = openSegment(cose, journalKeys(state));
  if (!opened.ok && opened.fault === "unknown-key") {
    throw errors.JOURNAL_SIGNING_KEY_CHANGED({
      found: say(`la clé ${kid}`, `the key ${kid}`),
      expected: opened.because,
    });
  }
  const where = say(`segment ${firstSeq}`, `segment ${firstSeq}`);
  if (!opened.ok) throw errors.JOURNAL_DAMAGED({ where, found: opened.because });
  const { payload } = opened;
  if (payload.gateway !== state.gateway || payload.epoch !== state.epoch) {
    throw errors.JOURNAL_DAMAGED({ where, found: otherIdentity });
  }
  if (payload.firstSeq !== firstSeq || firstSeq + payload.digests.length - 1 !== lastSeq) {
    throw errors.JOURNAL_DAMAGED({ where, found: otherRange });
  }
  state.lastSeq = lastSeq;
  state.previous = hashOf(cose);
}

const otherIdentity = say(
  "une autre passerelle ou époque que celle du fichier",
  "another gateway or epoch than the file's",
);
const otherRange = say("une autre étendue que celle scellée", "another range than the one that was sealed");

/** The changes of signing key that the file knows of. @throws JOURNAL_DAMAGED where one does not verify any more. */
export async function readRotations(sql: Sql): Promise<readonly Rotation[]> {
  const rows = await sql.all("SELECT seq, statement FROM rotation ORDER BY seq");
  return rows.map((row) => {
    const [seq, rotation] = [integer(row, "seq"), openRotation(parseJson(text(row, "statement")))];
    if (rotation === undefined) {
      throw errors.JOURNAL_DAMAGED({
        where: say(`changement de clé ${seq}`, `rotation ${seq}`),
        found: say("une déclaration qui ne se vérifie pas", "a statement that does not verify"),
      });
    }
    return rotation;
  });
}

export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // What is no JSON is no statement; readRotations() says so.
    return undefined;
  }
}

export interface Meta {
  readonly gateway: string;
  readonly epoch: number;
  readonly indexKeyBox: Uint8Array;
  /** There while the boxes are being moved to a new key. */
  readonly nextBox?: Uint8Array;
}

/** Where the file keeps what opens it with the key that its boxes are being moved to. */
export const NEXT_INDEX_KEY = "next-index-key";

export async function readMeta(sql: Sql): Promise<Meta | undefined> {
  const rows = await sql.all("SELECT key, value FROM meta");
  const values = new Map(rows.map((row) => [text(row, "key"), blob(row, "value")]));
  if (values.size === 0) return undefined;
  const [gateway, epoch, indexKeyBox] = [values.get("gateway"), values.get("epoch"), values.get("index-key")];
  if (gateway === undefined || epoch === undefined || indexKeyBox === undefined) {
    throw errors.JOURNAL_DAMAGED({ found: say("une identité incomplète", "an identity that is not whole") });
  }
  const nextBox = values.get(NEXT_INDEX_KEY);
  return {
    gateway: Buffer.from(gateway).toString(),
    epoch: Number(Buffer.from(epoch).toString()),
    indexKeyBox,
    ...(nextBox === undefined ? {} : { nextBox }),
  };
}

async function writeMeta(
  database: Database,
  { gateway, boxKey, clock }: Pick<JournalOptions, "gateway" | "boxKey" | "clock">,
): Promise<Meta> {
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
