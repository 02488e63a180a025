/**
 * One connection of one known device, from "connected" to "disconnected". Made anew each time; nothing of it lives on.
 * It never disconnects: the device goes when it has said all, and what it says last would be lost.
 */
import { formatChannel } from "../../driver/decode.ts";
import type { BleDriver } from "../../driver/define.ts";
import { say, verbatim } from "../../errors/sentence.ts";
import type { Observe } from "../../events.ts";
import type { Clock, Milliseconds } from "../../measure/time.ts";
import type { Bus } from "./bus.ts";
import { errors } from "./errors.ts";
import { Gatt } from "./gatt.ts";
import { type BluezObjects, type CharacteristicObject, DEVICE } from "./objects.ts";
import type { Peer } from "./peer.ts";
import { prepare } from "./prepare.ts";
import { saidBy } from "./refusal.ts";
import type { Timing } from "./timing.ts";
import { until } from "./until.ts";

export interface SessionContext {
  readonly bus: Bus;
  readonly objects: BluezObjects;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly observe: Observe;
  readonly timeZone?: string | undefined;
  /** Asks BlueZ for all its objects again. Never rejects. */
  readonly refresh: () => Promise<void>;
}

export class Session {
  readonly peer: Peer;
  readonly path: string;
  /** Set once it is open: all channels are subscribed. */
  driver: BleDriver | undefined;
  readonly #context: SessionContext;
  readonly #gatt: Gatt;
  readonly #ended = new AbortController();
  readonly #valuesBefore: number;

  constructor(context: SessionContext, peer: Peer, path: string) {
    this.#context = context;
    this.#gatt = new Gatt(context.bus, context.objects, path);
    this.peer = peer;
    this.path = path;
    this.#valuesBefore = peer.values;
  }

  /** Whether the device has given anything over this connection. */
  get fruitful(): boolean {
    return this.peer.values > this.#valuesBefore;
  }

  get ended(): boolean {
    return this.#ended.signal.aborted;
  }

  /** The link has dropped. */
  end(): void {
    this.#ended.abort();
  }

  /**
   * Prepares the device and subscribes to its driver's channels.
   * @throws BLE_LINK_DROPPED, BLE_SESSION_FAILED, BLE_NO_DRIVER, BLE_NO_CHANNEL
   */
  async open(): Promise<BleDriver> {
    const { objects, timing, clock, observe, timeZone } = this.#context;
    const resolved = await this.#until(() => objects.device(this.path)?.servicesResolved === true, timing.resolve);
    this.#assertLinked();
    if (!resolved)
      throw errors.BLE_SESSION_FAILED({ found: say("ses services n'ont pas été lus", "services not resolved") });
    const driver = await this.#findDriver();
    await prepare(driver.prepare, {
      gatt: this.#gatt,
      peer: this.peer,
      clock,
      observe,
      timeZone,
      ended: () => this.ended,
    });
    this.#assertLinked();
    await this.#subscribe(driver);
    await this.#trust();
    this.driver = driver;
    return driver;
  }

  /** BlueZ announces "services resolved" before their objects at times: they are waited for, then asked for. */
  async #findDriver(): Promise<BleDriver> {
    const { objects, timing, refresh } = this.#context;
    const ready = () => {
      const driver = this.peer.driver(objects, this.path);
      return driver !== undefined && this.#channels(driver).length > 0;
    };
    if (!ready()) {
      await this.#until(ready, timing.objects);
      this.#assertLinked();
      await refresh(); // where one has come, the others are there by the time this is answered
      this.#assertLinked();
    }
    const driver = this.peer.driver(objects, this.path);
    if (driver === undefined) throw errors.BLE_NO_DRIVER();
    if (this.#channels(driver).length > 0) return driver;
    throw errors.BLE_NO_CHANNEL({
      where: verbatim(driver.id),
      found: verbatim(this.#gatt.characteristics.map(({ channel }) => channel && formatChannel(channel)).join(", ")),
      expected: verbatim([...driver.channels.keys()].map(formatChannel).join(", ")),
    });
  }

  /** One channel that refuses does not keep the others from being read. */
  async #subscribe(driver: BleDriver): Promise<void> {
    const refusals: unknown[] = [];
    const channels = this.#channels(driver);
    for (const channel of channels) {
      await this.#gatt.startNotify(channel).catch((error: unknown) => refusals.push(error));
    }
    const told = refusals.map((cause) =>
      errors.BLE_SESSION_FAILED({ where: verbatim(driver.id), found: saidBy(cause), cause }),
    );
    if (told[0] !== undefined && told.length === channels.length) throw told[0];
    for (const error of told) this.#context.observe({ type: "fault", error });
  }

  /** BlueZ connects a bonded device by itself (GattProfile1) if it is trusted. */
  async #trust(): Promise<void> {
    const object = this.#context.objects.device(this.path);
    if (this.ended || object === undefined || !object.bonded || object.trusted) return;
    await this.#context.bus.set(this.path, DEVICE, "Trusted", true).catch((cause: unknown) => {
      this.#context.observe({
        type: "fault",
        error: errors.BLE_PREPARE_FAILED({
          where: say("confiance (Trusted)", "trust (Trusted)"),
          found: saidBy(cause),
          cause,
        }),
      });
    });
  }

  #channels(driver: BleDriver): readonly CharacteristicObject[] {
    return this.#gatt.characteristics.filter(
      ({ channel, flags }) =>
        channel !== undefined &&
        driver.channels.has(channel) &&
        (flags.includes("notify") || flags.includes("indicate")),
    );
  }

  #assertLinked(): void {
    if (this.ended) throw errors.BLE_LINK_DROPPED();
  }

  #until(condition: () => boolean, timeout: Milliseconds): Promise<boolean> {
    return until(condition, { objects: this.#context.objects, timeout, ended: this.#ended.signal });
  }
}
