/**
 * One adapter while it is there and switched on: it scans, connects to known devices when it hears them, holds their
 * sessions, and enrols new ones.
 */
import type { DriverRegistry } from "../../driver/registry.ts";
import { VigieError } from "../../errors/error.ts";
import { verbatim } from "../../errors/sentence.ts";
import type { Radio, Search } from "../port.ts";
import type { Adapter } from "./bus.ts";
import { Enrolment } from "./enrolment.ts";
import { errors } from "./errors.ts";
import { DEVICE, type DeviceObject } from "./objects.ts";
import type { Peer } from "./peer.ts";
import type { Peers } from "./peers.ts";
import { refusalOf, saidBy } from "./refusal.ts";
import { Scan } from "./scan.ts";
import { Session, type SessionContext } from "./session.ts";

export interface CentralContext extends SessionContext {
  readonly drivers: DriverRegistry;
  /** The services that are scanned for. */
  readonly uuids: readonly string[];
  readonly peers: Peers;
}

export class Central {
  readonly #context: CentralContext;
  readonly #adapter: Adapter;
  readonly #path: string;
  readonly #scan: Scan;
  readonly #sessions = new Map<string, Session>();
  /** Heard, known and not connected: the one heard longest ago first. */
  readonly #wanted = new Set<string>();
  /** Heard while their peer was resting. */
  readonly #missed = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #connecting: string | undefined;
  /** Settled where nothing is being connected. */
  #attempt: Promise<void> = Promise.resolve();
  #enrolment: Enrolment | undefined;
  #stopped = false;

  constructor(context: CentralContext, adapter: Adapter, path: string) {
    this.#context = context;
    this.#adapter = adapter;
    this.#path = path;
    const discovering = () => context.objects.adapter(path)?.discovering === true;
    this.#scan = new Scan(adapter, discovering, context.uuids, context.timing.retryBus, context.observe);
  }

  /** Begins with the devices that are connected or were heard already. */
  start(): void {
    for (const { path, connected } of this.#context.objects.devices) {
      if (connected) this.connectionChanged(path, true);
    }
    void this.#aim();
  }

  /** @param reason for whoever enrols a device: the adapter is gone or switched off, and every link with it. */
  stop(reason: VigieError): void {
    this.#stopped = true;
    this.#enrolment?.fail(reason);
    this.#scan.close();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const peer of this.#context.peers) peer.resting = false;
    for (const path of [...this.#sessions.keys()]) this.#end(path);
  }

  /** Ends the scan before we leave; the links stay as they are. */
  async leave(): Promise<void> {
    this.stop(errors.PAIRING_STOPPED());
    if (this.#scan.running) await this.#adapter.stopDiscovery().catch(() => undefined); // it ends with our connection anyway
  }

  /** Looks for all that is near, until the search is over. The one before is. */
  search({ changed, over }: Parameters<Radio["search"]>[0]): Search {
    this.#enrolment?.fail(errors.PAIRING_STOPPED());
    const { bus, objects, drivers, timing, peers } = this.#context;
    const enrolment: Enrolment = new Enrolment({
      ...{ bus, objects, drivers, timing, changed },
      adapter: this.#path,
      isKnown: (address) => peers.has(address),
      aim: async () => {
        await this.#attempt;
        await this.#aim();
      },
      over: (error) => {
        if (this.#enrolment === enrolment) this.#enrolment = undefined;
        this.#resume();
        if (error !== undefined) over(error);
      },
    });
    this.#enrolment = enrolment;
    void this.#aim();
    return enrolment;
  }

  /** The enrolment that has this device in its hands. */
  enrolling(path: string): Enrolment | undefined {
    return this.#enrolment?.holds(path) === true ? this.#enrolment : undefined;
  }

  /** An advertisement was heard. */
  heard(path: string): void {
    const object = this.#mine(path);
    if (object === undefined) return;
    this.#enrolment?.heard(path);
    const peer = this.#context.peers.get(object.address);
    if (peer === undefined || this.enrolling(path) !== undefined) return;
    if (peer.resting) {
      this.#missed.add(path);
    } else if (!object.connected) {
      this.#wanted.add(path);
      void this.#connectNext();
    }
  }

  connectionChanged(path: string, connected: boolean): void {
    this.#end(path);
    this.#wanted.delete(path);
    const object = this.#mine(path);
    const peer = object && this.#context.peers.get(object.address);
    const isFree = this.enrolling(path) === undefined;
    if (connected && isFree && peer !== undefined) void this.#run(new Session(this.#context, peer, path));
    void this.#aim();
  }

  /** Behind these addresses stand other devices of ours now, or none. */
  peersChanged(addresses: ReadonlySet<string>): void {
    for (const { path, address, connected } of this.#context.objects.devices) {
      if (!addresses.has(address) || this.#mine(path) === undefined) continue;
      this.#end(path);
      this.#wanted.delete(path);
      this.#missed.delete(path);
      if (this.#context.peers.has(address)) this.connectionChanged(path, connected);
      else void this.#letGo(path);
    }
    void this.#aim();
  }

  /** BlueZ has forgotten the device. */
  removed(path: string): void {
    this.#wanted.delete(path);
    this.#end(path);
    void this.#aim();
  }

  /** Somebody ended our scan. */
  scanEnded(): void {
    this.#scan.lost();
  }

  async #run(session: Session): Promise<void> {
    this.#sessions.set(session.path, session);
    try {
      const driver = await session.open();
      session.peer.succeeded();
      if (!session.ended) this.#tell(driver.id, "open");
    } catch (error) {
      if (this.#stopped) return;
      // It may have said all and gone before we had done anything: bluetoothd had subscribed for us.
      if (session.ended && session.fruitful) session.peer.succeeded();
      else this.#failed(session.peer, session.path, session.ended ? errors.BLE_LINK_DROPPED() : asSessionError(error));
    }
  }

  #end(path: string): void {
    const session = this.#sessions.get(path);
    if (session === undefined) return;
    this.#sessions.delete(path);
    session.end();
    if (session.driver !== undefined) this.#tell(session.driver.id, "closed");
  }

  /** One attempt at a time: a controller has one initiator, and BlueZ answers a second one with "in progress". */
  async #connectNext(): Promise<void> {
    if (this.#connecting !== undefined || this.#enrolment?.isScanning === false || this.#stopped) return;
    const [path] = this.#wanted;
    if (path === undefined) return;
    this.#wanted.delete(path);
    const object = this.#mine(path);
    const peer = object && this.#context.peers.get(object.address);
    if (peer !== undefined && object?.connected === false && !peer.resting) {
      this.#connecting = path;
      this.#attempt = this.#connect(path, peer);
      await this.#attempt;
      this.#connecting = undefined;
      if (!this.#context.peers.has(object.address)) await this.#letGo(path); // removed meanwhile
      void this.#aim();
    }
    await this.#connectNext();
  }

  async #connect(path: string, peer: Peer): Promise<void> {
    await this.#scan.aim(undefined);
    try {
      await this.#adapter.connect(path, this.#context.timing.connect);
    } catch (error) {
      if (this.#stopped || this.#mine(path)?.connected === true) return; // the session says what becomes of it
      // An attempt that BlueZ still makes would answer the next one with "in progress". Nothing is connected.
      if (refusalOf(error) === undefined) await this.#cancel(path);
      this.#failed(peer, path, errors.BLE_CONNECT_FAILED({ found: saidBy(error), cause: error }));
    }
  }

  /** No longer ours: neither held nor connected by itself again. Its bond stays with BlueZ. */
  async #letGo(path: string): Promise<void> {
    const { bus } = this.#context;
    const object = this.#mine(path);
    if (object?.trusted === true) await bus.set(path, DEVICE, "Trusted", false).catch(() => undefined);
    if (object?.connected === true) await this.#cancel(path);
  }

  async #cancel(path: string): Promise<void> {
    const cancelling = this.#context.bus.call({ path, interface: DEVICE, member: "Disconnect" });
    await cancelling.catch(() => undefined); // it had given up, or gone, by itself
  }

  #failed(peer: Peer, path: string, error: VigieError): void {
    const driver = peer.driver(this.#context.objects, path)?.id ?? "device";
    this.#context.observe({ type: "link", link: `ble:${driver}`, isConversation: true, state: "failed", error });
    if (this.#mine(path)?.bonded === true && peer.failed(error)) {
      this.#context.observe({ type: "fault", error: errors.BLE_BOND_LOST({ where: verbatim(driver) }) });
    }
    peer.resting = true;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      peer.resting = false;
      if (this.#mine(path)?.connected === true) this.connectionChanged(path, true);
      else if (this.#missed.delete(path)) this.heard(path);
    }, peer.backoff.next());
    this.#timers.add(timer);
  }

  /** An enrolment is over: known devices that it kept from being read are read. */
  #resume(): void {
    const held = new Set(this.#sessions.keys());
    for (const { path, address, connected } of this.#context.objects.devices) {
      if (connected && !held.has(path) && this.#context.peers.has(address)) this.connectionChanged(path, true);
    }
    void this.#aim();
    void this.#connectNext();
  }

  /** Scans while there is somebody to hear, and not while connecting: many controllers do one of the two. */
  async #aim(): Promise<void> {
    if (this.#stopped) return;
    const connected = new Set([...this.#sessions.values()].map(({ peer }) => peer));
    const away = [...this.#context.peers].some((peer) => !connected.has(peer));
    const wanted = this.#enrolment !== undefined ? "all" : away ? "readable" : undefined;
    const isBusy = this.#connecting !== undefined || this.#enrolment?.isScanning === false;
    await this.#scan.aim(isBusy ? undefined : wanted);
  }

  #mine(path: string): DeviceObject | undefined {
    const object = this.#context.objects.device(path);
    return object?.adapter === this.#path && !this.#stopped ? object : undefined;
  }

  #tell(driver: string, state: "open" | "closed"): void {
    this.#context.observe({ type: "link", link: `ble:${driver}`, isConversation: true, state });
  }
}

const asSessionError = (error: unknown) =>
  error instanceof VigieError ? error : errors.BLE_SESSION_FAILED({ cause: error });
