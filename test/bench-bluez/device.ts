import { EventEmitter, once } from "node:events";
import { type BenchCharacteristic, type BenchDeviceOptions, type Host, uuid, type Write } from "./device-options.ts";
import { Refusal } from "./exporter.ts";
import { pairAs } from "./pairing.ts";
import { CHARACTERISTIC, DEVICE, SERVICE, shapes } from "./shapes.ts";

interface Characteristic extends BenchCharacteristic {
  readonly service: number;
  readonly channel: number;
  readonly path: string;
  /** Bus names that called StartNotify: bluetoothd writes the CCC again by itself at a reconnect as long as there is one. */
  readonly subscribers: Set<string>;
  current: Uint8Array;
}

/** Between two advertisements; health devices take 20 to 1000 ms. */
const ADVERTISING_INTERVAL_MS = 20;

/**
 * One personal health device, with what bluetoothd makes of it: the remote side is driven by the test
 * (`advertise`, `indicate`, `dropLink`), the D-Bus side answers a client.
 */
export class BenchDevice {
  readonly options: BenchDeviceOptions;
  readonly writes: Write[] = [];
  readonly reads: number[] = [];
  /** The next so many Connect calls fail with this error. */
  readonly connectErrors: { readonly name: string; readonly text: string }[] = [];
  /** The error that StartNotify meets, as long as it is set. */
  notifyError: { readonly name: string; readonly text: string } | undefined;
  connectCalls = 0;
  disconnectCalls = 0;
  readonly #events = new EventEmitter();
  readonly #characteristics: readonly Characteristic[];
  #host: Host;
  #connected = false;
  #bonded: boolean;
  #cancelPairing: () => void = () => undefined;
  #rssi = -60;
  #advertising: NodeJS.Timeout | undefined;

  constructor(host: Host, options: BenchDeviceOptions) {
    this.options = options;
    this.#bonded = options.bonded === true;
    this.#host = host;
    this.#characteristics = Object.entries(options.services).flatMap(([service, characteristics], s) =>
      Object.entries(characteristics).map(([channel, facts], c) => ({
        ...facts,
        service: Number(service),
        channel: Number(channel),
        path: `/service${four(s * 16)}/char${four(s * 16 + c + 1)}`,
        subscribers: new Set<string>(),
        current: facts.value ?? new Uint8Array(),
      })),
    );
  }

  get path(): string {
    const { address, pathAddress = address } = this.options;
    return `${this.#host.adapterPath}/dev_${pathAddress.replaceAll(":", "_")}`;
  }

  get connected(): boolean {
    return this.#connected;
  }

  get bonded(): boolean {
    return this.#bonded;
  }

  /** Advertises until it is connected or hushed, as a device does after a measure. A scanning adapter hears it. */
  advertise(): void {
    this.#advertising ??= setInterval(() => this.#advertised(), ADVERTISING_INTERVAL_MS);
    this.#advertised();
  }

  /** The device falls asleep. */
  hush(): void {
    clearInterval(this.#advertising);
    this.#advertising = undefined;
  }

  #advertised(): void {
    if (!this.#host.hears(this.#uuids)) return;
    this.#rssi = this.#rssi === -60 ? -61 : -60;
    this.export({ RSSI: this.#rssi });
    this.#host.exporter.change(this.path, DEVICE, { RSSI: this.#rssi });
  }

  get #uuids(): readonly string[] {
    const { services, advertises } = this.options;
    return (advertises ?? Object.keys(services).map(Number)).map(uuid);
  }

  /** The object of a device that bluetoothd knows: from its memory, or (with an RSSI) from the air. */
  export(heard: { readonly RSSI?: number } = {}): void {
    if (this.#host.exporter.has(this.path)) return;
    const { address, name } = this.options;
    const bonded = this.#bonded;
    const properties = new Map<string, unknown>(
      Object.entries({
        Address: address,
        AddressType: "public",
        ...(name === undefined ? {} : { Name: name }),
        Alias: name ?? address.replaceAll(":", "-"),
        Paired: bonded,
        Bonded: bonded,
        Trusted: false,
        Connected: false,
        ServicesResolved: false,
        UUIDs: this.#uuids,
        Adapter: this.#host.adapterPath,
        ...heard,
      }),
    );
    this.#host.exporter.add(this.path, {
      [DEVICE]: {
        shape: shapes[DEVICE],
        properties,
        call: (method) => this.#deviceCall(method),
        set: (property, value) => this.#host.exporter.change(this.path, DEVICE, { [property]: value }),
      },
    });
    if (bonded) this.#exportServices();
  }

  /** The device connects: because a client asked, or because a bonded one came back (auto-connect). */
  async connect(): Promise<void> {
    await after(this.options.connectMs ?? 5);
    this.hush();
    this.#connected = true;
    this.#host.exporter.change(this.path, DEVICE, { Connected: true });
    this.#events.emit("connected");
    this.#events.emit("any");
    // From here on bluetoothd has written the CCC of whoever subscribed before; the device may speak at once.
    if (this.options.objectsLateMs === undefined) this.#exportServices();
    this.#host.exporter.change(this.path, DEVICE, { ServicesResolved: true });
    if (this.options.objectsLateMs !== undefined) {
      await after(this.options.objectsLateMs);
      this.#exportServices();
    }
  }

  /** The device goes away, as it does after its last reading. */
  dropLink(): void {
    if (!this.#connected) return;
    this.#connected = false;
    const { exporter } = this.#host;
    exporter.change(this.path, DEVICE, { ServicesResolved: false, Connected: false });
    if (!this.#bonded) {
      for (const service of new Set(this.#characteristics.map(({ path }) => servicePath(path)))) {
        exporter.remove(this.path + service);
      }
    }
    this.#events.emit("disconnected");
  }

  /**
   * Sends an indication or a notification.
   * @returns whether bluetoothd took it and confirmed it: false where nobody has the CCC on, or there is no link. A device
   * keeps what was not confirmed.
   */
  indicate(channel: number, bytes: Uint8Array): boolean {
    const characteristic = this.#find(channel);
    if (!this.#connected || characteristic.subscribers.size === 0) return false;
    this.#value(characteristic, bytes);
    return true;
  }

  /** Resolves when it is connected. */
  async whenConnected(): Promise<void> {
    if (!this.#connected) await once(this.#events, "connected");
  }

  /** Resolves at the next disconnection. */
  async whenDisconnected(): Promise<void> {
    if (this.#connected) await once(this.#events, "disconnected");
  }

  /** Resolves when a client has subscribed to the channel, over this connection or an earlier one. */
  async whenSubscribed(channel: number): Promise<void> {
    const characteristic = this.#find(channel);
    while (!this.#connected || characteristic.subscribers.size === 0) await once(this.#events, "any");
  }

  /** Resolves when no client is subscribed to the channel. */
  async whenUnsubscribed(channel: number): Promise<void> {
    while (this.#find(channel).subscribers.size > 0) await once(this.#events, "any");
  }

  /** A client has left the bus: bluetoothd subscribes no more for it. */
  unsubscribe(client: string): void {
    for (const { subscribers } of this.#characteristics) subscribers.delete(client);
    this.#events.emit("any");
  }

  /** What a bluetoothd that restarts makes of it: nobody is subscribed, nothing is connected. */
  adopt(host: Host): void {
    this.forget();
    this.#host = host;
  }

  /** bluetoothd forgets it, its bond and its objects (RemoveDevice). What the device itself remembers is another matter. */
  remove(): void {
    this.dropLink();
    this.#bonded = false;
    this.#host.exporter.remove(this.path);
  }

  /** The adapter or bluetoothd went away: the link is gone with it, without a word. */
  forget(): void {
    this.#connected = false;
    for (const { subscribers } of this.#characteristics) subscribers.clear();
  }

  /** Pairs as bluetoothd does: connects, asks the agent, and leaves the device connected. */
  async #pair(): Promise<void> {
    const { pairing = { method: "just-works" } } = this.options;
    if (this.#bonded) throw new Refusal("org.bluez.Error.AlreadyExists", "Already Exists");
    if ("error" in pairing) throw new Refusal(`org.bluez.Error.${pairing.error}`, "refused by the device");
    const canceled = new Refusal("org.bluez.Error.AuthenticationCanceled", "Authentication Canceled");
    let isCancelled = false;
    const whenCancelled = new Promise<void>((resolve) => {
      this.#cancelPairing = () => {
        isCancelled = true;
        resolve();
      };
    });
    if (!this.#connected) await this.connect();
    await pairAs(pairing, {
      ask: (member, signature, ...more) => this.#host.agent(member, signature, [this.path, ...more]),
      whenCancelled,
    });
    if (isCancelled) throw canceled;
    this.#bonded = true;
    this.#host.exporter.change(this.path, DEVICE, { Paired: true, Bonded: true });
  }

  async #deviceCall(method: string): Promise<undefined> {
    if (method === "Pair") await this.#pair();
    if (method === "CancelPairing") this.#cancelPairing();
    if (method === "Connect") {
      this.connectCalls += 1;
      const error = this.connectErrors.shift();
      if (error !== undefined) throw new Refusal(error.name, error.text);
      if (!this.#connected) await this.connect();
    }
    if (method === "Disconnect") {
      this.disconnectCalls += 1;
      if (!this.#connected) throw new Refusal("org.bluez.Error.NotConnected", "Not Connected");
      this.dropLink();
    }
  }

  #exportServices(): void {
    const { exporter } = this.#host;
    for (const characteristic of this.#characteristics) {
      const service = this.path + servicePath(characteristic.path);
      if (!exporter.has(service)) {
        const properties = { UUID: uuid(characteristic.service), Device: this.path, Primary: true };
        exporter.add(service, {
          [SERVICE]: {
            shape: shapes[SERVICE],
            properties: new Map<string, unknown>(Object.entries(properties)),
            call: async () => undefined,
          },
        });
      }
      const path = this.path + characteristic.path;
      if (exporter.has(path)) continue;
      const flags = characteristic.flags ?? ["indicate"];
      const properties = { UUID: uuid(characteristic.channel), Service: service, Notifying: false, Flags: flags };
      exporter.add(path, {
        [CHARACTERISTIC]: {
          shape: shapes[CHARACTERISTIC],
          properties: new Map<string, unknown>(Object.entries(properties)),
          call: (method, args, sender) => this.#characteristicCall(characteristic, method, args, sender),
        },
      });
    }
  }

  async #characteristicCall(
    characteristic: Characteristic,
    method: string,
    args: readonly unknown[],
    sender: string,
  ): Promise<readonly ["ay", Buffer] | undefined> {
    if (!this.#connected) throw new Refusal("org.bluez.Error.Failed", "Not connected");
    switch (method) {
      case "ReadValue":
        this.reads.push(characteristic.channel);
        // bluetoothd emits the value of a read as it emits an indication.
        this.#value(characteristic, characteristic.current);
        return ["ay", Buffer.from(characteristic.current)];
      case "WriteValue": {
        const [bytes, options] = args;
        const { service, channel, keeps, writeError } = characteristic;
        const written = bytes instanceof Uint8Array ? Uint8Array.from(bytes) : Uint8Array.of();
        this.writes.push({ service, channel, bytes: written, type: typeOf(options) });
        this.#events.emit("any");
        if (writeError !== undefined) throw new Refusal("org.bluez.Error.Failed", writeError);
        characteristic.current = keeps ?? written;
        return undefined;
      }
      case "StartNotify":
        if (this.notifyError !== undefined) throw new Refusal(this.notifyError.name, this.notifyError.text);
        if (characteristic.subscribers.has(sender)) throw new Refusal("org.bluez.Error.InProgress", "In Progress");
        characteristic.subscribers.add(sender);
        this.#host.exporter.change(this.path + characteristic.path, CHARACTERISTIC, { Notifying: true });
        this.#events.emit("any");
        return undefined;
      default:
        characteristic.subscribers.delete(sender);
        this.#host.exporter.change(this.path + characteristic.path, CHARACTERISTIC, { Notifying: false });
        return undefined;
    }
  }

  #value(characteristic: Characteristic, bytes: Uint8Array): void {
    const path = this.path + characteristic.path;
    this.#host.exporter.change(path, CHARACTERISTIC, { Value: Buffer.from(bytes) }, true);
  }

  #find(channel: number): Characteristic {
    const found = this.#characteristics.find((characteristic) => characteristic.channel === channel);
    if (found === undefined) throw new Error(`the device has no characteristic 0x${channel.toString(16)}`);
    return found;
  }
}

const four = (value: number) => value.toString(16).padStart(4, "0");
const servicePath = (path: string) => path.slice(0, path.lastIndexOf("/"));
const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function typeOf(options: unknown): unknown {
  if (typeof options !== "object" || options === null || !("type" in options)) return undefined;
  const { type } = options;
  return typeof type === "object" && type !== null && "value" in type ? type.value : undefined;
}
