/**
 * What is whole in a journal that does not open: every segment whose signature is good, with every record whose body opens
 * and is the one that was sealed. Nothing else is believed, neither the index nor the order of the pages: a body's kind, for
 * one, is found again from its digest.
 */
import { isVigieError } from "../errors/error.ts";
import { type Sentence, say, verbatim } from "../errors/sentence.ts";
import { type KeyRing, kidText, type SigningKey, verifyingKey } from "../seal/key.ts";
import { RecordKind, type SegmentPayload } from "../seal/record.ts";
import { keysBehind, openRotation, type Rotation } from "../seal/rotation.ts";
import { digestOf, hashOf, openSegment } from "../seal/segment.ts";
import type { Finding } from "../seal/verifier.ts";
import { isSame } from "./checks.ts";
import type { Contents } from "./contents.ts";
import { readCursors } from "./cursors.ts";
import { pendingErasure } from "./erasure.ts";
import { errors } from "./errors.ts";
import { openFact, openFactBox } from "./facts.ts";
import { type Meta, parseJson, readMeta } from "./identity.ts";
import type { Draft, Fact, SeqRange, StoredRecord, StoredSegment } from "./port.ts";
import { blob, integer, text } from "./row.ts";
import { factRows, lastNumber, lastPruned, readable, rowsAround } from "./salvage-rows.ts";
import type { Row, Sql } from "./sqlite.ts";
import { CHECK_BYTES, openVault, Vault } from "./vault.ts";

/** The keys that the file was kept with. */
export interface SalvageKeys {
  readonly boxKey: Uint8Array;
  readonly signingKey: SigningKey;
}

/** A file that may be damaged anywhere, with what opens it. */
export interface Damaged {
  readonly sql: Sql;
  readonly vault: Vault;
  /** Whether keyed hashes can be told. */
  readonly hasIndex: boolean;
  readonly ring: KeyRing;
  readonly meta: Meta | undefined;
  /** Whose bodies were being erased: a keyed hash. */
  readonly erasing: Uint8Array | undefined;
}

/** A segment of it, and what each of its whole records was appended as. */
export interface WholeSegment extends StoredSegment {
  readonly drafts: ReadonlyMap<number, Draft>;
}

/** What there is and is not, once it was read to its end. */
export interface Salvaged {
  readonly gateway: string | undefined;
  readonly epoch: number | undefined;
  /** Of the last segment that is whole; 0 where none is. */
  readonly lastSeq: number;
  readonly segments: number;
  /** Records that are whole. */
  readonly records: number;
  /** Records that were there and are not whole, in order. What was erased is not among them. */
  readonly lost: readonly SeqRange[];
  readonly findings: readonly Finding[];
}

/** @throws JOURNAL_KEY_WRONG, JOURNAL_SIGNING_KEY_CHANGED; JOURNAL_KEY_ROTATING where this is the key that is being left: it opens only a part. */
export async function openDamaged(sql: Sql, { boxKey, signingKey }: SalvageKeys): Promise<Damaged> {
  const meta = await readable(() => readMeta(sql));
  const { vault, hasIndex } = await vaultOf(sql, boxKey, meta);
  const rotations = (await readable(() => soundRotations(sql))) ?? [];
  const current = rotations.at(-1)?.to.kid ?? signingKey.kid;
  // With the key from before a change, all that came after it would seem lost.
  if (!isSame(current, signingKey.kid)) {
    throw errors.JOURNAL_SIGNING_KEY_CHANGED({
      found: verbatim(kidText(signingKey.kid)),
      expected: verbatim(kidText(current)),
    });
  }
  const erasing = await readable(() => pendingErasure(sql, vault));
  return {
    sql,
    vault,
    hasIndex,
    ring: keysBehind(verifyingKey(signingKey.publicKey), rotations),
    meta,
    erasing: erasing?.person,
  };
}

const WINDOW = 256;

/** @param take is handed what is whole, in order. */
export async function readWhole(damaged: Damaged, take: (segment: WholeSegment) => Promise<void>): Promise<Salvaged> {
  const { sql, meta } = damaged;
  const tally = new Tally(await lastPruned(sql));
  const end = await lastNumber(sql);
  for (let from = 1; from <= end; from += WINDOW) {
    const query = "SELECT first_seq, cose FROM segment WHERE first_seq BETWEEN ? AND ? ORDER BY first_seq";
    for (const row of await rowsAround(sql, query, from, from + WINDOW - 1)) {
      const segment = await wholeSegment(row, damaged, tally);
      if (segment !== undefined) await take(segment);
    }
  }
  for (const { destination, through } of await soundCursors(damaged)) {
    if (through > tally.lastSeq)
      tally.lose(tally.lastSeq, through, say(`${destination} l'a confirmé`, `${destination} has confirmed it`));
  }
  const { first, lastSeq, segments, records, lost, findings } = tally;
  // What was signed says more than what stands in the clear.
  const [gateway, epoch] = [first?.gateway ?? meta?.gateway, first?.epoch ?? meta?.epoch];
  return { gateway, epoch, lastSeq, segments, records, lost, findings };
}

/** How far destinations have come, where that is certain. */
export async function soundCursors({ sql, vault }: Damaged) {
  return (await readable(() => readCursors(sql, vault)))?.sound ?? [];
}

/** What was known beside the chain. `isWhole` says whether that is all of it. */
export async function factsAround({
  sql,
  vault,
  hasIndex,
}: Damaged): Promise<{ facts: readonly Fact[]; isWhole: boolean }> {
  const { rows, isWhole } = await factRows(sql);
  const facts = rows.flatMap((row): Fact[] => {
    const shelf = text(row, "shelf");
    const fact = hasIndex ? openFact(row, vault, shelf) : openFactBox(blob(row, "box"), vault, shelf);
    return fact === undefined ? [] : [{ shelf, ...fact }];
  });
  return { facts, isWhole: isWhole && facts.length === rows.length };
}

/** Counts what is whole, and notes what is not. */
class Tally {
  first: SegmentPayload | undefined;
  lastSeq: number;
  segments = 0;
  records = 0;
  readonly lost: SeqRange[] = [];
  readonly findings: Finding[] = [];
  #head: Uint8Array | undefined;

  /** @param pruned the last record that the chain had given up. */
  constructor(pruned: number) {
    this.lastSeq = pruned;
  }

  place(payload: SegmentPayload, cose: Uint8Array): void {
    const { firstSeq, previous, digests } = payload;
    if (firstSeq > this.lastSeq + 1)
      this.lose(this.lastSeq, firstSeq - 1, say("aucun segment entier", "no segment that is whole"));
    else if (this.#head !== undefined && (previous === null || !isSame(previous, this.#head))) {
      this.findings.push({
        seq: firstSeq,
        fault: "fork",
        because: say("il ne nomme pas le segment d'avant", "it does not name the segment before it"),
      });
    }
    this.first ??= payload;
    this.segments += 1;
    this.lastSeq = firstSeq + digests.length - 1;
    this.#head = hashOf(cose);
  }

  lose(after: number, through: number, { fr, en }: Sentence): void {
    const because = say(`${after + 1} à ${through} : ${fr}`, `${after + 1} to ${through}: ${en}`);
    this.findings.push({ seq: after + 1, fault: "lost", because });
    const last = this.lost.at(-1);
    if (last?.through === after) this.lost[this.lost.length - 1] = { after: last.after, through };
    else this.lost.push({ after, through });
  }
}

async function wholeSegment(row: Row, damaged: Damaged, tally: Tally): Promise<WholeSegment | undefined> {
  const [rowSeq, segment] = [integer(row, "first_seq"), blob(row, "cose")];
  const opened = openSegment(segment, damaged.ring);
  if (!opened.ok) {
    tally.findings.push({ seq: rowSeq, fault: opened.fault, because: opened.because });
    return undefined;
  }
  const { payload } = opened;
  const { firstSeq, epoch, digests } = payload;
  const isElsewhere = firstSeq <= tally.lastSeq || firstSeq !== rowSeq || epoch !== (tally.first?.epoch ?? epoch);
  if (isElsewhere) {
    tally.findings.push({
      seq: rowSeq,
      fault: "repeat",
      because: say(`le segment ${firstSeq} est à sa place`, `segment ${firstSeq} stands in its place`),
    });
    return undefined;
  }
  tally.place(payload, segment);
  const lastSeq = firstSeq + digests.length - 1;
  const query = "SELECT seq, box FROM body WHERE seq BETWEEN ? AND ? ORDER BY seq";
  const boxes = await rowsAround(damaged.sql, query, firstSeq, lastSeq);
  const bySeq = new Map(boxes.map((one) => [integer(one, "seq"), blob(one, "box")]));
  const drafts = new Map<number, Draft>();
  const records = digests.map((digest, index): StoredRecord => {
    const seq = firstSeq + index;
    const found = wholeRecord(bySeq.get(seq), digest, damaged);
    if (found === "erased") return { seq, withheld: true };
    if (found === undefined) {
      tally.lose(
        seq - 1,
        seq,
        say("son contenu manque, ou n'est plus ce qui a été écrit", "its body is not there, or not as it was written"),
      );
      return { seq, withheld: true };
    }
    tally.records += 1;
    const { contents, kind } = found;
    drafts.set(seq, draftOf(contents, kind));
    const { id, salt, body } = contents;
    return { seq, kind, id, salt, body };
  });
  return { epoch, firstSeq, lastSeq, segment, records, drafts };
}

const kinds: readonly RecordKind[] = Object.values(RecordKind);

function wholeRecord(box: Uint8Array | undefined, digest: Uint8Array, { vault, erasing }: Damaged) {
  if (box?.length === CHECK_BYTES) return "erased" as const;
  const contents = box && vault.openContents(box);
  if (contents === undefined) return undefined;
  const kind = kinds.find((one) => isSame(digestOf({ ...contents, kind: one }), digest));
  if (kind === undefined) return undefined;
  const person = contents.indexed?.person ?? undefined;
  const isErasing = erasing !== undefined && person !== undefined && isSame(vault.pseudonym("person", person), erasing);
  return isErasing ? ("erased" as const) : { contents, kind };
}

function draftOf({ id, body, source, indexed }: Contents, kind: RecordKind): Draft {
  return {
    kind,
    id,
    body,
    ...(source === null ? {} : { source }),
    ...(indexed === undefined ? {} : { day: indexed.day }),
    ...(indexed?.device == null ? {} : { device: indexed.device }),
    ...(indexed?.person == null ? {} : { person: indexed.person }),
  };
}

/**
 * Bodies and facts open with the key of the boxes alone: where the index key's own box is what is damaged, only keyed hashes
 * say nothing any more.
 * @throws JOURNAL_KEY_WRONG where nothing opens; JOURNAL_KEY_ROTATING
 */
async function vaultOf(sql: Sql, boxKey: Uint8Array, meta: Meta | undefined) {
  try {
    if (meta !== undefined) return { vault: openVault(boxKey, meta.indexKeyBox, meta.nextBox), hasIndex: true };
  } catch (error) {
    if (!isVigieError(error, "JOURNAL_KEY_WRONG")) throw error;
  }
  const vault = new Vault(boxKey, new Uint8Array(32));
  const query = "SELECT box FROM body WHERE length(box) > ? LIMIT 64";
  const boxes = (await readable(() => sql.all(query, [CHECK_BYTES]))) ?? [];
  const isKey = boxes.length === 0 || boxes.some((row) => vault.openContents(blob(row, "box")) !== undefined);
  if (!isKey) throw errors.JOURNAL_KEY_WRONG();
  return { vault, hasIndex: false };
}

async function soundRotations(sql: Sql): Promise<readonly Rotation[]> {
  const rows = await sql.all("SELECT statement FROM rotation ORDER BY seq");
  return rows.map((row) => openRotation(parseJson(text(row, "statement")))).filter((one) => one !== undefined);
}
