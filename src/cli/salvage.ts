/**
 * A journal that does not open is replaced: all that is whole of it goes into an export that anybody can verify, what was
 * not confirmed by every destination goes into a new journal (a new epoch), and so do the registry and what waits in
 * quarantine. Records keep their identifiers there, so a platform that has some of them already counts none twice.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { GatewayConfig } from "../config/schema.ts";
import { readKey } from "../config/secret.ts";
import { connectControl } from "../control/socket.ts";
import { letterShape } from "../delivery/dead-letters.ts";
import { withholding } from "../delivery/withhold.ts";
import { isVigieError, VigieError } from "../errors/error.ts";
import { verbatim } from "../errors/sentence.ts";
import { controlPath, openConfiguredJournal } from "../gateway.ts";
import { SAID } from "../intake/directory.ts";
import { erasureOrdered } from "../intake/due.ts";
import { errors as journalErrors } from "../journal/errors.ts";
import { giveTo } from "../journal/files.ts";
import { openJournal } from "../journal/open.ts";
import { type Draft, type Fact, type Journal, REFUSALS } from "../journal/port.ts";
import { diskSays } from "../journal/refusal.ts";
import { changePlaces, nextFolder, salvageFolder, salvageUnderWay, withDamaged } from "../journal/salvage.ts";
import { type Damaged, factsAround, readWhole, type Salvaged, soundCursors } from "../journal/salvage-read.ts";
import type { Clock } from "../measure/time.ts";
import { type Actor, auditDraft } from "../registry/audit.ts";
import { chainStatement } from "../seal/checkpoint.ts";
import { signingKey, verifyingKey } from "../seal/key.ts";
import { encodeMessage } from "../seal/message.ts";
import { RecordKind } from "../seal/record.ts";
import type { Verification } from "../seal/verifier.ts";
import { systemClock } from "../system-clock.ts";
import { assertJournal } from "./control.ts";
import { errors } from "./errors.ts";
import { createFile } from "./json-file.ts";
import { verifyExport } from "./verification.ts";

export interface SalvageReport {
  /** Where the damaged files, and the export, are now. */
  readonly folder: string;
  readonly file: string;
  readonly publicKey: string;
  /** Of the journal that was damaged. */
  readonly salvaged: Salvaged;
  /** Whether all of the registry came over. */
  readonly isRegistryWhole: boolean;
  /** Records that the new journal took over. */
  readonly carried: number;
  /** The epoch that begins. */
  readonly epoch: number;
  /** Of the export, as a third party finds it. */
  readonly verification: Verification;
}

/**
 * Cut at any point, the same call begins again or ends it: until the files change places, nothing of the journal is touched.
 * @returns undefined where a salvage that was cut is ended now: its report was the first call's.
 * @throws JOURNAL_SOUND, JOURNAL_LOCKED, JOURNAL_SALVAGE_FAILED, and what opening the journal refuses but for damage.
 */
export async function salvage(config: GatewayConfig, actor: Actor): Promise<SalvageReport | undefined> {
  const { path: folder } = config.journal;
  const clock = systemClock(config.clock.trust);
  if ((await connectControl(controlPath(config))) !== undefined)
    throw journalErrors.JOURNAL_LOCKED({ where: verbatim(folder) });
  const underWay = await salvageUnderWay(folder);
  if (underWay !== undefined) {
    await changePlaces(folder, underWay);
    return undefined;
  }
  await assertJournal(config);
  const refused = await refusalOf(config, clock);
  try {
    return await salvageInto(await salvageFolder(folder), { config, clock, actor, refused });
  } catch (cause) {
    if (cause instanceof VigieError) throw cause;
    throw journalErrors.JOURNAL_SALVAGE_FAILED({ where: verbatim(folder), found: diskSays(cause), cause });
  }
}

/**
 * What a single flipped bit can make of a file: its name for SQLite, its gateway, or the box of the index key. These errors
 * mean damage only where the keys at hand prove that the file is ours: assertOurs() asks.
 */
const mayBeDamage: readonly string[] = ["JOURNAL_DAMAGED", "JOURNAL_NOT_OURS", "JOURNAL_FOREIGN", "JOURNAL_KEY_WRONG"];

/** @throws JOURNAL_SOUND where there is none, and whatever else the journal is refused with. */
async function refusalOf(config: GatewayConfig, clock: Clock): Promise<VigieError> {
  try {
    const journal = await openConfiguredJournal(config, clock);
    await journal.close();
  } catch (error) {
    if (error instanceof VigieError && mayBeDamage.includes(error.code)) return error;
    throw error;
  }
  throw errors.JOURNAL_SOUND({ where: verbatim(config.journal.path) });
}

/** @throws what the journal was refused with, where nothing that is signed and opens says that it is this gateway's. */
function assertOurs({ records, gateway }: Salvaged, { config, refused }: Task): void {
  const own = config.gateway.id;
  if (gateway !== undefined && gateway !== own) {
    throw journalErrors.JOURNAL_FOREIGN({ found: verbatim(gateway), expected: verbatim(own) });
  }
  if (records === 0 && !isVigieError(refused, "JOURNAL_DAMAGED")) throw refused;
}

interface Task {
  readonly config: GatewayConfig;
  readonly clock: Clock;
  readonly actor: Actor;
  /** What the journal was refused with. */
  readonly refused: VigieError;
}

async function salvageInto(folder: string, task: Task): Promise<SalvageReport> {
  const { path, key, signingKey: seed } = task.config.journal;
  const damagedFile = join(path, "journal.db");
  const keys = { boxKey: await readKey(key), signingKey: signingKey(await readKey(seed)) };
  const file = join(folder, "journal.cbor");
  const gateway = task.config.gateway.id;
  const report = await withDamaged(damagedFile, folder, keys, async (damaged, salvaged) => {
    assertOurs(salvaged, task);
    await exportWhole(damaged, file);
    const sequence = await readFile(file);
    const digest = createHash("sha256").update(sequence).digest("hex");
    const { facts, isWhole } = await factsAround(damaged);
    const { maxBytes } = task.config.journal;
    const limits = { ballastBytes: 0, ...(maxBytes === undefined ? {} : { maxBytes }) };
    const next = await openJournal({ folder: nextFolder(folder), gateway, clock: task.clock, ...keys, ...limits });
    try {
      const loss = {
        ...salvaged,
        because: task.refused.detail.found?.en ?? task.refused.code,
        isRegistryWhole: isWhole,
        digest,
      };
      await next.append(eventOf(loss), facts.filter(staysTrue));
      const deed = {
        action: "journal-salvaged",
        subject: { epoch: salvaged.epoch ?? null, export: digest },
      };
      await next.append(auditDraft(task.actor, deed, task.clock.now()));
      const carried = await carryOver(damaged, facts, next, task.config);
      return {
        folder,
        file,
        publicKey: Buffer.from(keys.signingKey.publicKey).toString("hex"),
        salvaged,
        isRegistryWhole: isWhole,
        carried,
        epoch: next.epoch,
        verification: verifyExport(sequence, verifyingKey(keys.signingKey.publicKey)),
      };
    } finally {
      await next.close();
    }
  });
  for (const made of [folder, file, nextFolder(folder), join(nextFolder(folder), "journal.db")]) {
    await giveTo(made, damagedFile);
  }
  await changePlaces(path, folder);
  return report;
}

/** Quarantined readings stay out of it, as of any export: they are in the damaged files, and in the new journal. */
async function exportWhole(damaged: Damaged, file: string): Promise<void> {
  const handle = await createFile(file);
  try {
    await readWhole(damaged, async (segment) => {
      await handle.appendFile(encodeMessage(withholding(segment)));
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What names sequence numbers of the old epoch, or says what it was told, says nothing in the new one. */
const staysTrue = (fact: Fact): boolean =>
  fact.shelf !== REFUSALS && fact.shelf !== SAID.shelf && erasureOrdered(fact) === undefined;

/** @returns how many records the new journal took. */
async function carryOver(
  damaged: Damaged,
  facts: readonly Fact[],
  next: Journal,
  { destinations }: Pick<GatewayConfig, "destinations">,
): Promise<number> {
  const cursors = new Map((await soundCursors(damaged)).map(({ destination, through }) => [destination, through]));
  const confirmed = Math.min(...destinations.map(({ name }) => cursors.get(name) ?? 0), Number.MAX_SAFE_INTEGER);
  const through = destinations.length === 0 ? 0 : confirmed;
  const refused = new Set(facts.filter(({ shelf }) => shelf === REFUSALS).map(seqOfLetter));
  const erasures = facts.map(erasureOrdered).filter((order) => order !== undefined);
  const isWanted = (seq: number, draft: Draft): boolean =>
    (seq > through || refused.has(seq) || draft.kind === RecordKind.quarantine) &&
    !erasures.some(({ person, range }) => draft.person === person && seq > range.after && seq <= range.through) &&
    // What speaks of the old chain would be a lie in the new one.
    (draft.kind !== RecordKind.audit || chainStatement(draft.body) === undefined);
  let carried = 0;
  await readWhole(damaged, async ({ drafts }) => {
    const wanted = [...drafts].filter(([seq, draft]) => isWanted(seq, draft)).map(([, draft]) => draft);
    await Promise.all(wanted.map((draft) => next.append(draft)));
    carried += wanted.length;
  });
  return carried;
}

const seqOfLetter = ({ value }: Fact): number => (value === undefined ? 0 : letterShape.parse(JSON.parse(value)).seq);

/** An event travels: it says what was lost by number, and nothing of anybody. */
const MOST_RANGES = 200;

function eventOf(loss: Salvaged & { because: string; isRegistryWhole: boolean; digest: string }): Draft {
  const { epoch, lastSeq, records, lost, because, isRegistryWhole, digest } = loss;
  const body = {
    type: "journal-salvaged",
    because,
    epoch: epoch ?? null,
    lastSeq,
    records,
    lost: lost.slice(0, MOST_RANGES).map(({ after, through }) => [after + 1, through]),
    lostRecords: lostRecords(lost),
    registry: isRegistryWhole ? "whole" : "partial",
    /** SHA-256 of the export. */
    export: digest,
  };
  return { kind: RecordKind.event, id: randomBytes(16), body: Buffer.from(JSON.stringify(body)) };
}

export const lostRecords = (lost: Salvaged["lost"]): number =>
  lost.reduce((sum, { after, through }) => sum + through - after, 0);
