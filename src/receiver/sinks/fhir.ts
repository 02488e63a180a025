/**
 * Verified measures to a FHIR R4 server, each as the transaction that its gateway sealed. Identifiers and conditional
 * creates make a repeat harmless. Events, alarms and the audit trail have no form in FHIR and are for the other sinks.
 */
import type { Judgement } from "../../delivery/fhir/answer.ts";
import { asSealed } from "../../delivery/fhir/render.ts";
import { fhirServer, type Transaction } from "../../delivery/fhir/server.ts";
import { type OAuthConfig, openTokenSource } from "../../delivery/fhir/token.ts";
import { openHttpLine } from "../../delivery/http/line.ts";
import type { TlsMaterial } from "../../delivery/mqtt/port.ts";
import { systemTimers, type Timers } from "../../delivery/timers.ts";
import type { VigieError } from "../../errors/error.ts";
import type { Clock } from "../../measure/time.ts";
import { RecordKind } from "../../seal/record.ts";
import { idText } from "../id.ts";
import type { HandedRecord, Refusal, Sink } from "../port.ts";

export interface FhirSinkConfig {
  /** The base of the FHIR API: `https://…`, or `http://` to this machine itself. */
  readonly url: string;
  readonly tls?: TlsMaterial;
  readonly oauth?: OAuthConfig;
  /** Transactions side by side. @default 4 */
  readonly connections?: number;
  /** How long one transaction and its answer may take. */
  readonly timeoutMs?: number;
}

export interface FhirSinkParts {
  readonly config: FhirSinkConfig;
  /** For the life of access tokens. */
  readonly clock: Clock;
  readonly timers?: Timers;
}

const CONNECTIONS = 4;
/** A transaction-response of five entries has 1 kB; an OperationOutcome with a stack trace, 100. */
const MAX_ANSWER_BYTES = 256 * 1024;
/** So often an answer that may be the record's fault or the server's is taken for the server's. */
const PATIENCE = 5;

interface Version {
  readonly record: HandedRecord;
  readonly transaction: Transaction | undefined;
}

/** What became of one record. */
type Taken =
  | { readonly type: "taken" }
  | { readonly type: "refused"; readonly reason: string }
  /** It comes again. */
  | { readonly type: "not-now"; readonly trouble: VigieError; readonly ofTheServer: boolean };

/** @throws DELIVERY_TOKEN_KEY_UNUSABLE. A server that is not there is no reason not to start. */
export async function fhirSink(parts: FhirSinkParts): Promise<Sink & AsyncDisposable> {
  const { config, clock, timers = systemTimers } = parts;
  const connections = config.connections ?? CONNECTIONS;
  const line = openHttpLine({ ...config, timers, connections, maxAnswerBytes: MAX_ANSWER_BYTES });
  const tokens = config.oauth === undefined ? undefined : await openTokenSource(config.oauth, line.exchange, clock);
  const server = fhirServer(config.url.replace(/\/$/, ""), line.exchange, tokens);
  const closing = new AbortController();
  const judge = judging((transaction) => server.submit(transaction, closing.signal));
  return {
    async hand({ records }) {
      const measures = records.filter(({ kind }) => kind === RecordKind.measure);
      const refusals: Refusal[] = [];
      let trouble: VigieError | undefined;
      let isDown = false;
      await sideBySide(connections, versionsOf(measures), async (versions) => {
        for (const { record, transaction } of versions) {
          if (isDown) return;
          const taken = await judge(record, transaction);
          if (taken.type === "refused") refusals.push({ seq: record.seq, reason: taken.reason });
          if (taken.type !== "not-now") continue;
          trouble ??= taken.trouble;
          isDown ||= taken.ofTheServer;
          return;
        }
      });
      if (trouble !== undefined) throw trouble;
      return refusals;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      line[Symbol.dispose]();
    },
  };
}

/**
 * Judges one record. Some answers (500, 409) may be about the record or about the server. After a few of them the last
 * transaction that the server took is sent again, which changes nothing: where it takes that and refuses this, it is the record.
 */
function judging(submit: (transaction: Transaction) => Promise<Judgement>) {
  const doubts = new Map<string, number>();
  let lastGood: Transaction | undefined;
  return async ({ id }: HandedRecord, transaction: Transaction | undefined): Promise<Taken> => {
    if (transaction === undefined) return { type: "refused", reason: "the body is no transaction of FHIR" };
    const judgement = await submit(transaction);
    const name = idText(id);
    switch (judgement.type) {
      case "accepted":
        doubts.delete(name);
        // Not one that corrects: by the time that it is sent again there may be a newer version.
        if (!transaction.isCorrection) lastGood = transaction;
        return { type: "taken" };
      case "refused":
        return { type: "refused", reason: reasonOf(judgement.because) };
      case "unable":
        return { type: "not-now", trouble: judgement.reason, ofTheServer: true };
      case "conflict":
      case "doubtful": {
        const failures = (doubts.get(name) ?? 0) + 1;
        doubts.set(name, failures);
        const isProven = failures >= PATIENCE && lastGood !== undefined && (await submit(lastGood)).type === "accepted";
        if (!isProven) return { type: "not-now", trouble: judgement.reason, ofTheServer: false };
        doubts.delete(name);
        return { type: "refused", reason: reasonOf(judgement.because) };
      }
    }
  };
}

/** The versions of each measure, in order: one that corrects must not arrive before what it corrects, nor behind the next. */
function versionsOf(measures: readonly HandedRecord[]): readonly (readonly Version[])[] {
  const versions = new Map<string, Version[]>();
  for (const record of measures) {
    const transaction = transactionIn(record.body);
    const name = transaction?.measure ?? idText(record.id);
    versions.set(name, [...(versions.get(name) ?? []), { record, transaction }]);
  }
  return [...versions.values()];
}

function transactionIn(body: Uint8Array): Transaction | undefined {
  const rendered = asSealed(body);
  return rendered.type === "bundle" ? rendered : undefined;
}

/** The code alone: the server's words may hold what it was sent, and a receipt's reader is a technician. */
const reasonOf = ({ code }: { readonly code: string }): string => `refused by the FHIR server: ${code}`;

/** @param most how many at once. */
async function sideBySide<Item>(
  most: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: most }, worker));
}
