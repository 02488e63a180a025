/** A coordination platform that takes the feed from an MQTT broker. */
import { isVigieError, type VigieError } from "../../errors/error.ts";
import type { Observe } from "../../events.ts";
import type { JournalReader } from "../../journal/port.ts";
import { bestOf, Encoding } from "../../seal/encoding.ts";
import type { KeyRing } from "../../seal/key.ts";
import type { Receipt } from "../../seal/receipt.ts";
import { Aside } from "../aside.ts";
import type { DeadLetters } from "../dead-letters.ts";
import type { Destination, DestinationStatus } from "../destination.ts";
import { errors } from "../errors.ts";
import { Life } from "../life.ts";
import { Outstanding, type WindowLimits } from "../outstanding.ts";
import { Overtaking } from "../overtaking.ts";
import { Position } from "../position.ts";
import type { Ending } from "../retry.ts";
import { systemTimers, type Timers } from "../timers.ts";
import { closedByUs } from "../trouble.ts";
import { nothingMore, type Withhold } from "../withhold.ts";
import { Conversation } from "./conversation.ts";
import type { MqttConnect, MqttSession, MqttVersion, TlsMaterial } from "./port.ts";
import { Statements } from "./statements.ts";
import { alarmsTopic, type FeedAddress, presenceTopic, receiptsTopic, segmentsTopic } from "./topics.ts";
import { connectMqtt } from "./transport.ts";

export interface MqttDestinationConfig {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string;
  readonly version: MqttVersion;
  readonly clientId: string;
  readonly address: FeedAddress;
  readonly tls?: TlsMaterial;
  readonly username?: string;
  readonly password?: string;
  /** The keys that the platform signs receipts with, pinned. Several while it changes them. */
  readonly platformKeys: KeyRing;
  /** Segments that may be without a receipt. */
  readonly window?: number;
  /** Bytes of messages that may be without a receipt. */
  readonly windowBytes?: number;
  /** How long to wait for a receipt once the broker has a segment. */
  readonly receiptTimeoutMs?: number;
  /** After the loss of a connection that stood, the next attempt comes anywhere within this. */
  readonly spreadMs?: number;
}

export interface MqttDestinationParts {
  readonly name: string;
  readonly journal: JournalReader;
  readonly deadLetters: DeadLetters;
  readonly config: MqttDestinationConfig;
  readonly observe: Observe;
  readonly withhold?: Withhold;
  readonly timers?: Timers;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly connect?: MqttConnect;
}

/** A round trip of 100 ms and segments of one record make 640 readings a second; in a flood segments hold up to 256. */
const WINDOW_SEGMENTS = 64;
/** Twice 4 MiB (our copy and MQTT.js's) stay well within the 100 MB of the whole process. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const RECEIPT_TIMEOUT_MS = 60_000;

/** Starts delivering, from the cursor in the journal on, until it is disposed of. */
export async function openMqttDestination(parts: MqttDestinationParts): Promise<Destination> {
  const destination = new MqttDestination(parts, await Life.open(parts));
  destination.start();
  return destination;
}

class MqttDestination implements Destination {
  readonly name: string;
  readonly #parts: MqttDestinationParts;
  readonly #life: Life;
  readonly #position: Position;
  readonly #outstanding = new Outstanding();
  readonly #aside: Aside;
  readonly #overtaking: Overtaking;
  readonly #timers: Timers;
  readonly #limits: WindowLimits;
  /** Shrinks where the broker asks for it, and grows back with the receipts. */
  #windowSegments: number;
  readonly #learned = { maximumPacketSize: Number.POSITIVE_INFINITY };
  /** What the platform is taken to read until it says otherwise. */
  #encoding: Encoding = Encoding.deflate1;
  #conversation: Conversation | undefined;
  readonly #statements: Statements;

  constructor(parts: MqttDestinationParts, life: Life) {
    this.name = parts.name;
    this.#parts = parts;
    this.#life = life;
    this.#aside = new Aside({ ...parts, destination: parts.name });
    this.#overtaking = new Overtaking(parts.journal);
    this.#timers = parts.timers ?? systemTimers;
    this.#position = new Position(life.cursor, this.#timers);
    this.#limits = {
      segments: parts.config.window ?? WINDOW_SEGMENTS,
      bytes: parts.config.windowBytes ?? WINDOW_BYTES,
    };
    this.#windowSegments = this.#limits.segments;
    this.#statements = this.#listen();
  }

  start(): void {
    this.#life.begin((stop) => this.#attempt(stop));
  }

  status(): DestinationStatus {
    return { ...this.#life.status(), ignoredReceipts: { ...this.#statements.ignored } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#life.end();
    await this.#statements.settled;
    await this.#life.cursor.settled();
    this.#position[Symbol.dispose]();
  }

  async #attempt(stop: AbortSignal): Promise<Ending> {
    const { config, connect = connectMqtt } = this.#parts;
    try {
      const session = await connect(
        { ...config, presenceTopic: presenceTopic(config.address) },
        {
          message: (topic, payload) =>
            topic === receiptsTopic(config.address) ? this.#statements.take(payload) : undefined,
          closed: (reason) => this.#conversation?.closed(reason),
        },
        stop,
      );
      // Another receiver may take this one: what every released one reads, until a receipt says more.
      this.#encoding = Encoding.deflate1;
      const conversation = this.#converse(session);
      this.#conversation = conversation;
      // Not awaited: what is published behind the SUBSCRIBE is handled behind it (MQTT 5 §4.6), a round trip earlier.
      session.subscribe(receiptsTopic(config.address)).then(
        () => this.#life.connected(),
        (error: VigieError) => conversation.end(error),
      );
      const close = (): void => conversation.end(closedByUs());
      stop.addEventListener("abort", close);
      if (stop.aborted) close();
      try {
        const ending = await conversation.run();
        if (ending.reason.code === "DELIVERY_SLOW_DOWN") {
          this.#windowSegments = Math.max(1, Math.floor(this.#windowSegments / 2));
        }
        return ending;
      } finally {
        stop.removeEventListener("abort", close);
        this.#conversation = undefined;
        await session.end();
      }
    } catch (error) {
      return { reason: isVigieError(error) ? error : errors.DELIVERY_FAILED({ cause: error }), stood: false };
    }
  }

  #converse(session: MqttSession): Conversation {
    const { config, journal, observe, withhold = nothingMore } = this.#parts;
    return new Conversation(
      {
        destination: this.name,
        topic: segmentsTopic(config.address),
        alarmsTopic: alarmsTopic(config.address),
        journal,
        outstanding: this.#outstanding,
        changed: this.#life.changed,
        aside: this.#aside,
        overtaking: this.#overtaking,
        standsAt: () => this.#position.standsAt,
        learned: this.#learned,
        window: () => ({ ...this.#limits, segments: this.#windowSegments }),
        receiptTimeoutMs: config.receiptTimeoutMs ?? RECEIPT_TIMEOUT_MS,
        withhold,
        encoding: () => this.#encoding,
        timers: this.#timers,
        observe,
      },
      session,
    );
  }

  #listen(): Statements {
    const { config, journal, observe } = this.#parts;
    const { gateway } = config.address;
    const [position, outstanding, aside, overtaking] = [
      this.#position,
      this.#outstanding,
      this.#aside,
      this.#overtaking,
    ];
    return new Statements(
      {
        destination: this.name,
        gateway,
        platformKeys: config.platformKeys,
        journal,
        position,
        outstanding,
        aside,
        overtaking,
        observe,
      },
      {
        advanced: (receipt) => {
          this.#packFor(receipt);
          this.#windowSegments = Math.min(this.#windowSegments + 1, this.#limits.segments);
          this.#conversation?.progressed();
        },
        repeated: (receipt) => {
          this.#packFor(receipt);
          this.#conversation?.repeated();
        },
        doubted: () => this.#conversation?.repeated(),
        startedOver: () => this.#conversation?.resend(),
        judged: (seq) => this.#conversation?.judged(seq),
        failed: (reason) => this.#conversation?.end(reason),
      },
    );
  }

  /** What the platform cannot read is not sent to it again. */
  #packFor({ encodings }: Receipt): void {
    const isUnread = !encodings.includes(this.#encoding);
    this.#encoding = bestOf(encodings);
    if (isUnread) this.#conversation?.resend();
  }
}
