/**
 * A FHIR R4 server: each measure is POSTed as a transaction, and its transaction-response is the receipt. Identifiers and
 * conditional creates make a repeat harmless, so whatever has no answer is sent again.
 */
import { isVigieError } from "../../errors/error.ts";
import type { Observe } from "../../events.ts";
import type { JournalReader, StoredWholeRecord } from "../../journal/port.ts";
import type { Clock } from "../../measure/time.ts";
import { isWithheld, RecordKind } from "../../seal/record.ts";
import type { Because, DeadLetters } from "../dead-letters.ts";
import type { Destination, DestinationStatus } from "../destination.ts";
import { errors } from "../errors.ts";
import { type HttpLine, openHttpLine } from "../http/line.ts";
import { Life } from "../life.ts";
import type { TlsMaterial } from "../mqtt/port.ts";
import { recordAt } from "../record-at.ts";
import type { Ending } from "../retry.ts";
import { readingOf } from "../route.ts";
import { systemTimers, type Timers } from "../timers.ts";
import { closedByUs } from "../trouble.ts";
import { nothingMore, type Withhold } from "../withhold.ts";
import type { Judgement } from "./answer.ts";
import { Lanes } from "./lanes.ts";
import type { Render } from "./render.ts";
import { type FhirServer, fhirServer } from "./server.ts";
import { type OAuthConfig, openTokenSource } from "./token.ts";
import { supersede } from "./versions.ts";

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
  const { clock, config, timers = systemTimers } = parts;
  const connections = config.connections ?? CONNECTIONS;
  const line = openHttpLine({ ...config, timers, connections, maxAnswerBytes: MAX_ANSWER_BYTES });
  const tokens = config.oauth === undefined ? undefined : await openTokenSource(config.oauth, line.exchange, clock);
  const server = fhirServer(config.url.replace(/\/$/, ""), line.exchange, tokens);
  const destination = new FhirDestination(parts, { life: await Life.open(parts), line, server, connections });
  destination.start();
  return destination;
}

interface Opened {
  readonly life: Life;
  readonly line: HttpLine;
  readonly server: FhirServer;
  readonly connections: number;
}

class FhirDestination implements Destination {
  readonly name: string;
  readonly #parts: FhirDestinationParts;
  readonly #life: Life;
  readonly #opened: Opened;
  readonly #lanes: Lanes<Measure>;
  #readThrough: number;
  /** Halves where the server asks for it, and grows back with what it takes. */
  #sideBySide: number;
  #out = 0;
  /** Why this attempt ends, once what is out has come back. */
  #ending: Ending | undefined;
  #tookSome = false;

  constructor(parts: FhirDestinationParts, opened: Opened) {
    const { life, connections } = opened;
    this.name = parts.name;
    this.#parts = parts;
    this.#opened = opened;
    this.#life = life;
    this.#readThrough = life.cursor.confirmed;
    this.#lanes = new Lanes(life.cursor.confirmed);
    this.#sideBySide = connections;
  }

  start(): void {
    this.#life.begin((stop) => this.#attempt(stop));
  }

  status(): DestinationStatus {
    return { ...this.#life.status(), ignoredReceipts: {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#life.end();
    this.#opened.line[Symbol.dispose]();
  }

  async #attempt(stop: AbortSignal): Promise<Ending> {
    this.#ending = undefined;
    this.#tookSome = false;
    this.#lanes.newRound();
    try {
      for (;;) {
        if (stop.aborted) this.#end({ reason: closedByUs() });
        if (this.#ending === undefined) await this.#fill(stop);
        if (this.#ending !== undefined && this.#out === 0) return this.#ending;
        await this.#life.changed.wait();
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
    for (const { records, firstSeq, lastSeq } of await journal.segments(from, READ_RECORDS)) {
      if (firstSeq > this.#readThrough + 1) this.#lanes.gone(this.#readThrough, firstSeq - 1);
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

  /** Most events, and the audit trail, have no form in FHIR; the sealed feed carries them. */
  #isFor(record: StoredWholeRecord): boolean {
    const { withhold = nothingMore, render } = this.#parts;
    if (record.kind === RecordKind.event) return render(record).type === "bundle";
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
        this.#life.changed.raise();
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
        await supersede(record, { ...this.#parts, destination: this.name, lanes: this.#lanes });
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
    if (this.#ending === undefined) this.#life.connected();
    this.#parts.observe({ type: "delivered", destination: this.name, firstSeq: seq, lastSeq: seq });
  }

  /** A record that was put aside, once more, by itself. */
  async #sendAgain(seq: number, stop: AbortSignal): Promise<void> {
    const { journal, deadLetters } = this.#parts;
    const record = await recordAt(seq, journal);
    const missing = { seq, kind: RecordKind.measure };
    if (record === undefined) return this.#putAside(missing, { code: "erased", words: "" });
    const judgement = await this.#judgementOf(record, stop);
    if (judgement === "not-for-it") return this.#putAside(record, { code: "withheld", words: "" });
    switch (judgement.type) {
      case "accepted":
        await supersede(record, { ...this.#parts, destination: this.name, lanes: this.#lanes });
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
    const { cursor } = this.#life;
    if (this.#lanes.through > cursor.confirmed) cursor.confirm(this.#lanes.through);
  }

  /** The first reason counts; what is out comes back first. */
  #end({ reason, notBeforeMs }: Omit<Ending, "stood">): void {
    this.#ending ??= { reason, stood: this.#tookSome, ...(notBeforeMs !== undefined && { notBeforeMs }) };
    this.#life.changed.raise();
  }
}
