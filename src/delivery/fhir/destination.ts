/**
 * A FHIR R4 server: each measure is POSTed as a transaction, and its transaction-response is the receipt. Identifiers and
 * conditional creates make a repeat harmless, so whatever has no answer is sent again.
 */
import { isVigieError, type VigieError } from "../../errors/error.ts";
import type { Observe } from "../../events.ts";
import type { JournalReader, StoredWholeRecord } from "../../journal/port.ts";
import type { Clock } from "../../measure/time.ts";
import { isWithheld, RecordKind } from "../../seal/record.ts";
import { Cursor } from "../cursor.ts";
import type { Because, DeadLetters } from "../dead-letters.ts";
import type { Destination, DestinationStatus } from "../destination.ts";
import { errors } from "../errors.ts";
import { type HttpLine, openHttpLine } from "../http/line.ts";
import type { TlsMaterial } from "../mqtt/port.ts";
import { type Ending, keepTrying } from "../retry.ts";
import { readingOf } from "../route.ts";
import { Signal } from "../signal.ts";
import { systemTimers, type Timers } from "../timers.ts";
import { nothingMore, type Withhold } from "../withhold.ts";
import type { Judgement } from "./answer.ts";
import { Lanes } from "./lanes.ts";
import type { Render } from "./render.ts";
import { type FhirServer, fhirServer } from "./server.ts";
import { type OAuthConfig, openTokenSource } from "./token.ts";

export interface FhirDestinationConfig {
  /** The base of the FHIR API: `https://…`, or `http://` to this machine itself. */
  readonly url: string;
  readonly tls?: TlsMaterial;
  readonly oauth?: OAuthConfig;
  /** Devices that are served side by side. */
  readonly connections?: number;
  /** How long one transaction and its answer may take. */
  readonly timeoutMs?: number;
  /** After the loss of a connection that stood, the next attempt comes anywhere within this. */
  readonly spreadMs?: number;
}

export interface FhirDestinationParts {
  readonly name: string;
  readonly journal: JournalReader;
  readonly deadLetters: DeadLetters;
  readonly config: FhirDestinationConfig;
  readonly observe: Observe;
  readonly clock: Clock;
  readonly render: Render;
  readonly withhold?: Withhold;
  readonly timers?: Timers;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** Records read from the journal at once. */
const READ_RECORDS = 256;
/** Records in memory, of some 5 kB: a device whose record waits holds up no more than what stands behind these. */
const MOST_WAITING = 1_024;
/** How far beyond the cursor, where one record holds it back: what was taken beyond is sent again after a restart. */
const FARTHEST = 50_000;
const CONNECTIONS = 4;
/** A transaction-response of five entries has 1 kB; an OperationOutcome with a stack trace, 100. */
const MAX_ANSWER_BYTES = 256 * 1024;

interface Measure {
  readonly seq: number;
  readonly lane: string;
  readonly record: StoredWholeRecord;
}

/** Starts delivering, from the cursor in the journal on, until it is disposed of. @throws DELIVERY_TOKEN_KEY_UNUSABLE */
export async function openFhirDestination(parts: FhirDestinationParts): Promise<Destination> {
  const { name, journal, observe, clock, config, timers = systemTimers } = parts;
  const cursor = await Cursor.open(name, journal, {
    moved: (through) => observe({ type: "receipted", destination: name, through }),
    failed: (cause) => observe({ type: "fault", error: errors.DELIVERY_CURSOR_NOT_WRITTEN({ where: name, cause }) }),
  });
  const connections = config.connections ?? CONNECTIONS;
  const line = openHttpLine({
    timers,
    connections,
    maxAnswerBytes: MAX_ANSWER_BYTES,
    ...(config.tls !== undefined && { tls: config.tls }),
    ...(config.timeoutMs !== undefined && { timeoutMs: config.timeoutMs }),
  });
  const tokens = config.oauth === undefined ? undefined : await openTokenSource(config.oauth, line.exchange, clock);
  const server = fhirServer(config.url.replace(/\/$/, ""), line.exchange, tokens);
  const destination = new FhirDestination({ ...parts, timers }, { cursor, line, server, connections });
  destination.start();
  return destination;
}

interface Opened {
  readonly cursor: Cursor;
  readonly line: HttpLine;
  readonly server: FhirServer;
  readonly connections: number;
}

class FhirDestination implements Destination {
  readonly name: string;
  readonly #parts: FhirDestinationParts & { readonly timers: Timers };
  readonly #opened: Opened;
  readonly #lanes: Lanes<Measure>;
  readonly #stop = new AbortController();
  readonly #changed = new Signal();
  #readThrough: number;
  /** Halves where the server asks for it, and grows back with what it takes. */
  #sideBySide: number;
  #out = 0;
  /** Why this attempt ends, once what is out has come back. */
  #ending: Ending | undefined;
  #tookSome = false;
  #status: Pick<DestinationStatus, "state" | "trouble"> = { state: "connecting" };
  #running: Promise<void> = Promise.resolve();

  constructor(parts: FhirDestinationParts & { readonly timers: Timers }, opened: Opened) {
    this.name = parts.name;
    this.#parts = parts;
    this.#opened = opened;
    this.#readThrough = opened.cursor.confirmed;
    this.#lanes = new Lanes(opened.cursor.confirmed);
    this.#sideBySide = opened.connections;
  }

  start(): void {
    const { config, journal, deadLetters, timers, random = Math.random } = this.#parts;
    const raise = (): void => this.#changed.raise();
    const stopListening = [journal.onCommit(raise), deadLetters.onWanted(raise)];
    this.#stop.signal.addEventListener("abort", () => {
      for (const stop of stopListening) stop();
      raise();
    });
    this.#running = keepTrying(
      (stop) => this.#attempt(stop),
      {
        timers,
        random,
        ...(config.spreadMs !== undefined && { spreadMs: config.spreadMs }),
        waiting: (error, pace) => this.#tell(pace === "credentials" ? "suspended" : "waiting", error),
      },
      this.#stop.signal,
    );
  }

  status(): DestinationStatus {
    return { ...this.#status, confirmed: this.#opened.cursor.confirmed, ignoredReceipts: {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#opened.cursor.settled();
    this.#opened.line[Symbol.dispose]();
    this.#status = { state: "closed" };
  }

  async #attempt(stop: AbortSignal): Promise<Ending> {
    this.#status = { ...this.#status, state: "connecting" };
    this.#ending = undefined;
    this.#tookSome = false;
    this.#lanes.newRound();
    try {
      for (;;) {
        if (stop.aborted) this.#end({ reason: errors.DELIVERY_CONNECTION_LOST({ found: "closed by us" }) });
        if (this.#ending === undefined) await this.#fill(stop);
        if (this.#ending !== undefined && this.#out === 0) return this.#ending;
        await this.#changed.wait();
      }
    } catch (error) {
      return { reason: isVigieError(error) ? error : errors.DELIVERY_FAILED({ cause: error }), stood: this.#tookSome };
    }
  }

  /** Sends whatever may go now. */
  async #fill(stop: AbortSignal): Promise<void> {
    for (const seq of this.#parts.deadLetters.wanted(this.name)) {
      if (this.#ending !== undefined) return;
      await this.#sendAgain(seq, stop);
    }
    while (this.#ending === undefined && this.#out < this.#sideBySide) {
      const measure = this.#lanes.next();
      if (measure !== undefined) this.#send(measure, stop);
      else if (!(await this.#readSome())) return;
    }
  }

  /** @returns false where there is nothing to read, or no room for it. */
  async #readSome(): Promise<boolean> {
    const { journal } = this.#parts;
    const isFar = this.#readThrough - this.#lanes.through >= FARTHEST;
    if (this.#readThrough >= journal.lastSeq || this.#lanes.size >= MOST_WAITING || isFar) return false;
    const from = this.#readThrough + 1;
    for (const { records, lastSeq } of await journal.segments(from, READ_RECORDS)) {
      for (const record of records) {
        if (record.seq < from) continue;
        if (isWithheld(record) || !this.#isFor(record)) this.#lanes.done(record.seq);
        else this.#lanes.add({ seq: record.seq, lane: readingOf(record)?.device.address ?? "", record });
      }
      this.#readThrough = lastSeq;
    }
    this.#progress();
    return this.#readThrough >= from;
  }

  /** Events and the audit trail have no form in FHIR; the sealed feed carries them. */
  #isFor(record: StoredWholeRecord): boolean {
    const { withhold = nothingMore } = this.#parts;
    return record.kind === RecordKind.measure && !withhold(record);
  }

  #send(measure: Measure, stop: AbortSignal): void {
    this.#out += 1;
    this.#judgementOf(measure.record, stop)
      .then((judgement) => this.#conclude(measure, judgement))
      .catch((error: unknown) => {
        this.#lanes.back(measure.seq);
        this.#end({ reason: isVigieError(error) ? error : errors.DELIVERY_FAILED({ cause: error }) });
      })
      .finally(() => {
        this.#out -= 1;
        this.#changed.raise();
      });
  }

  /** Asks the route again: consent may have been withdrawn while the record waited. */
  async #judgementOf(record: StoredWholeRecord, stop: AbortSignal): Promise<Judgement | "not-for-it"> {
    if (!this.#isFor(record)) return "not-for-it";
    const rendered = this.#parts.render(record);
    switch (rendered.type) {
      case "nothing":
        return "not-for-it";
      case "unmakeable":
        return { type: "refused", because: { code: rendered.because, words: "" } };
      case "bundle":
        return this.#opened.server.submit(rendered, stop);
    }
  }

  async #conclude({ seq, record }: Measure, judgement: Judgement | "not-for-it"): Promise<void> {
    if (judgement === "not-for-it") {
      this.#lanes.done(seq);
      return this.#progress();
    }
    switch (judgement.type) {
      case "accepted":
        this.#took(seq);
        this.#lanes.taken(seq);
        return this.#progress();
      case "refused":
        await this.#putAside(record, judgement.because);
        this.#lanes.drop(seq);
        return this.#progress();
      case "conflict":
      case "doubtful":
        if (this.#lanes.doubt(seq)) {
          await this.#putAside(record, judgement.because);
          this.#lanes.drop(seq);
          return this.#progress();
        }
        return this.#end({ reason: judgement.reason });
      case "unable": {
        this.#lanes.back(seq);
        const { reason, notBeforeMs } = judgement;
        if (reason.code === "DELIVERY_SLOW_DOWN") this.#sideBySide = Math.max(1, Math.floor(this.#sideBySide / 2));
        return this.#end({ reason, ...(notBeforeMs !== undefined && { notBeforeMs }) });
      }
    }
  }

  #took(seq: number): void {
    this.#tookSome = true;
    this.#sideBySide = Math.min(this.#sideBySide + 1, this.#opened.connections);
    if (this.#status.state !== "connected" && this.#ending === undefined) this.#tell("connected");
    this.#parts.observe({ type: "delivered", destination: this.name, firstSeq: seq, lastSeq: seq });
  }

  /** A record that was put aside, once more, by itself. */
  async #sendAgain(seq: number, stop: AbortSignal): Promise<void> {
    const { journal, deadLetters } = this.#parts;
    const segment = (await journal.segments(seq, 1)).find((one) => one.firstSeq <= seq && seq <= one.lastSeq);
    const record = segment?.records.find((one) => one.seq === seq);
    const missing = { seq, kind: RecordKind.measure };
    if (record === undefined || isWithheld(record)) return this.#putAside(missing, { code: "erased", words: "" });
    const judgement = await this.#judgementOf(record, stop);
    if (judgement === "not-for-it") return this.#putAside(record, { code: "withheld", words: "" });
    switch (judgement.type) {
      case "accepted":
        this.#took(seq);
        return deadLetters.taken(this.name, seq);
      case "refused":
      case "conflict":
      case "doubtful":
        return this.#putAside(record, judgement.because);
      case "unable":
        return this.#end({ ...judgement });
    }
  }

  #putAside(record: { readonly seq: number; readonly kind: RecordKind }, because: Because): Promise<void> {
    const { seq, kind } = record;
    return this.#parts.deadLetters.put({ destination: this.name, seq, kind }, because);
  }

  #progress(): void {
    const { cursor } = this.#opened;
    if (this.#lanes.through > cursor.confirmed) cursor.confirm(this.#lanes.through);
  }

  /** The first reason counts; what is out comes back first. */
  #end({ reason, notBeforeMs }: Omit<Ending, "stood">): void {
    this.#ending ??= { reason, stood: this.#tookSome, ...(notBeforeMs !== undefined && { notBeforeMs }) };
    this.#changed.raise();
  }

  #tell(state: "connected" | "waiting" | "suspended", error?: VigieError): void {
    this.#status = { state, ...(error !== undefined && { trouble: error }) };
    this.#parts.observe({ type: "destination", destination: this.name, state, ...(error !== undefined && { error }) });
  }
}
