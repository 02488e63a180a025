/** Takes the feed from an MQTT broker, and answers it with receipts. */
import type { MqttConnect, MqttSession, MqttVersion, TlsMaterial } from "../delivery/mqtt/port.ts";
import {
  everyGateways,
  type FeedAddress,
  type FeedPart,
  Presence,
  readTopic,
  receiptsTopic,
} from "../delivery/mqtt/topics.ts";
import { connectMqtt } from "../delivery/mqtt/transport.ts";
import { type Ending, keepTrying } from "../delivery/retry.ts";
import { systemTimers, type Timers } from "../delivery/timers.ts";
import { isVigieError, type VigieError } from "../errors/error.ts";
import { type Holding, MAX_HELD } from "../seal/holding.ts";
import { errors } from "./errors.ts";
import type { Outcome, ReceiverEvent, Standing } from "./port.ts";
import type { Receiver } from "./receiver.ts";

export interface MqttReceiverConfig {
  readonly url: string;
  readonly version: MqttVersion;
  readonly clientId: string;
  readonly tls?: TlsMaterial;
  readonly username?: string;
  readonly password?: string;
  /** FINESS of the one structure whose gateways are taken; all where absent. */
  readonly structure?: string;
  /** Receivers that name the same group share the gateways' segments (MQTT 5). */
  readonly sharedGroup?: string;
  /** What arrives while the receiver is away waits on the broker for so long. */
  readonly sessionExpirySeconds?: number;
}

export interface MqttReceiverParts {
  readonly receiver: Receiver;
  readonly config: MqttReceiverConfig;
  readonly observe?: Observe;
  readonly timers?: Timers;
  readonly random?: () => number;
  readonly connect?: MqttConnect;
}

export interface MqttReceiver extends AsyncDisposable {
  /** Resolves at the first subscription. */
  readonly ready: Promise<void>;
}

/** The gateways wait for us: a broker that is back is found within this. */
const LONGEST_WAIT_MS = 10_000;
/** Receivers are few: a broker that comes back is not hurt by all of them at once. */
const SPREAD_MS = 1_000;

/** Alarms come by a connection of their own: on the other one, the window of every gateway would be ahead of them. */
export function openMqttReceiver(parts: MqttReceiverParts): MqttReceiver {
  const observe = asOneFeed(parts.observe);
  const config = { ...parts.config, clientId: `${parts.config.clientId}-alarms` };
  const feeds = [
    new Feed({ ...parts, observe: observe("segments") }, "segments"),
    new Feed({ ...parts, config, observe: observe("alarms") }, "alarms"),
  ];
  for (const feed of feeds) feed.start();
  return {
    ready: Promise.all(feeds.map(({ ready }) => ready)).then(() => undefined),
    async [Symbol.asyncDispose]() {
      await Promise.all(feeds.map((feed) => feed[Symbol.asyncDispose]()));
    },
  };
}

type Observe = (event: ReceiverEvent) => void;

/** Who watches sees one feed: connected when both connections are, and what is in the way of either said once. */
function asOneFeed(observe: Observe = () => undefined): (part: FeedPart) => Observe {
  const states = new Map<FeedPart, Extract<ReceiverEvent, { type: "feed" }>>();
  let told: string | undefined;
  return (part) => (event) => {
    if (event.type !== "feed") return observe(event);
    states.set(part, event);
    const waiting = [...states.values()].find(({ state }) => state === "waiting");
    if (waiting === undefined && states.size < 2) return;
    const whole = waiting ?? event;
    const saying = `${whole.state} ${whole.error?.code}`;
    if (saying === told) return;
    told = saying;
    observe(whole);
  };
}

class Feed implements MqttReceiver {
  readonly ready: Promise<void>;
  readonly #parts: MqttReceiverParts;
  readonly #part: FeedPart;
  readonly #stop = new AbortController();
  #becomeReady: () => void = () => {};
  #end: ((reason: VigieError) => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: MqttReceiverParts, part: FeedPart) {
    this.#parts = parts;
    this.#part = part;
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
  }

  start(): void {
    const { timers = systemTimers, random = Math.random, observe } = this.#parts;
    const waiting = (error: VigieError): void => observe?.({ type: "feed", state: "waiting", error });
    const retry = { timers, random, waiting, longestMs: LONGEST_WAIT_MS, spreadMs: SPREAD_MS };
    this.#running = keepTrying((stop) => this.#attempt(stop), retry, this.#stop.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#end?.(errors.RECEIVER_CLOSED());
    await this.#running;
  }

  async #attempt(stop: AbortSignal): Promise<Ending> {
    const { config, connect = connectMqtt, observe } = this.#parts;
    let end: (reason: VigieError) => void = () => {};
    const ended = new Promise<VigieError>((resolve) => {
      end = resolve;
    });
    // This connection's own: what a former one still had to say ends no other.
    this.#end = end;
    try {
      const answers = new Answers(this.#parts);
      const session = await connect(
        config,
        { message: (topic, payload) => this.#take(topic, payload, answers), closed: end },
        stop,
      );
      try {
        answers.start(session, end);
        // Beside the alarms, which are few; and by each receiver for itself, which all want to know. A broker that keeps it to
        // itself only makes us know less.
        if (this.#part === "alarms")
          session.subscribe(everyGateways("presence", undefined, config.structure)).catch(() => {});
        session.subscribe(everyGateways(this.#part, config.sharedGroup, config.structure)).then(() => {
          observe?.({ type: "feed", state: "connected" });
          this.#becomeReady();
        }, end);
        return { reason: await ended, stood: true };
      } finally {
        await session.end();
      }
    } catch (error) {
      return { reason: isVigieError(error) ? error : errors.RECEIVER_FAILED({ cause: error }), stood: false };
    }
  }

  /** What fails here is not acknowledged to the broker either, and the connection ends: others may do better with it. */
  async #take(topic: string, payload: Uint8Array, answers: Answers): Promise<void> {
    const read = readTopic(topic);
    if (read === undefined) return;
    const { address, part } = read;
    if (part === "presence") {
      const isOnline = Buffer.from(payload).toString() === Presence.online;
      this.#parts.observe?.({ type: "presence", gateway: address.gateway, isOnline });
      return;
    }
    const { receiver } = this.#parts;
    const answer = (outcome: Outcome): void => {
      if ("standing" in outcome) answers.due(address, outcome.standing);
      if (outcome.type === "ahead") answers.holds(address, outcome.holding);
    };
    try {
      if (part === "alarms") answer(await receiver.receiveAhead(payload, address.gateway));
      else answer(await receiver.receive(payload, address.gateway, answer));
    } catch (error) {
      this.#parts.observe?.({ type: "failed", error });
      this.#end?.(errors.RECEIVER_FAILED({ cause: error }));
      throw error;
    }
  }
}

/** Receipts that are due, one a gateway: while one is being signed and sent, those that follow become one. */
class Answers {
  readonly #parts: MqttReceiverParts;
  readonly #due = new Map<string, { readonly address: FeedAddress; readonly standing: Standing }>();
  /** What came apart from its turn, one list a gateway and epoch. */
  readonly #holdings = new Map<string, { readonly address: FeedAddress; readonly holding: Omit<Holding, "gateway"> }>();
  #session: MqttSession | undefined;
  #end: (reason: VigieError) => void = () => {};
  #unacknowledged = 0;
  #scheduled = false;

  constructor(parts: MqttReceiverParts) {
    this.#parts = parts;
  }

  start(session: MqttSession, end: (reason: VigieError) => void): void {
    this.#session = session;
    this.#end = end;
    this.#schedule();
  }

  due(address: FeedAddress, standing: Standing): void {
    this.#due.set(`${address.structure}/${address.gateway}`, { address, standing });
    this.#schedule();
  }

  holds(address: FeedAddress, { epoch, held, refused }: Omit<Holding, "gateway">): void {
    const key = `${address.structure}/${address.gateway}/${epoch}`;
    const before = this.#holdings.get(key)?.holding;
    // What one statement cannot name is shown again by its gateway, which misses the answer.
    const all = <Item>(some: readonly Item[] = [], more: readonly Item[]) => [...some, ...more].slice(-MAX_HELD);
    const holding = { epoch, held: all(before?.held, held), refused: all(before?.refused, refused) };
    this.#holdings.set(key, { address, holding });
    this.#schedule();
  }

  /** Behind what has already arrived: a burst of segments is answered once. */
  #schedule(): void {
    if (this.#scheduled || this.#session === undefined) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    const session = this.#session;
    if (session === undefined) return;
    const { receiver, observe } = this.#parts;
    const hasRoom = (): boolean => this.#unacknowledged < session.limits.receiveMaximum;
    for (const [key, { address, holding }] of this.#holdings) {
      if (!hasRoom()) return;
      this.#holdings.delete(key);
      this.#publish(session, address, receiver.signHolding({ gateway: address.gateway, ...holding }));
    }
    for (const [key, { address, standing }] of this.#due) {
      if (!hasRoom()) return;
      this.#due.delete(key);
      this.#publish(session, address, receiver.sign(address.gateway, standing), () =>
        observe?.({ type: "receipted", gateway: address.gateway, through: standing.through }),
      );
    }
  }

  #publish(session: MqttSession, address: FeedAddress, statement: Uint8Array, taken = () => {}): void {
    this.#unacknowledged += 1;
    session.publish(receiptsTopic(address), statement).then(
      () => {
        // Whoever is not there to hear it (0x10) will send again and be answered again.
        this.#unacknowledged -= 1;
        taken();
        if (this.#due.size + this.#holdings.size > 0) this.#schedule();
      },
      (error: VigieError) => this.#end(error),
    );
  }
}
