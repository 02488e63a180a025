/** The enrolled devices, by their address. */
import type { DriverRegistry } from "../../driver/registry.ts";
import { isVigieError } from "../../errors/error.ts";
import type { Observe } from "../../events.ts";
import { type KnownDevice, Peer } from "./peer.ts";
import type { Range } from "./timing.ts";

export class Peers implements Iterable<Peer> {
  readonly #byAddress = new Map<string, Peer>();
  readonly #drivers: DriverRegistry;
  readonly #retry: Range;
  readonly #observe: Observe;

  constructor(drivers: DriverRegistry, retry: Range, observe: Observe) {
    this.#drivers = drivers;
    this.#retry = retry;
    this.#observe = observe;
  }

  get(address: string): Peer | undefined {
    return this.#byAddress.get(address);
  }

  has(address: string): boolean {
    return this.#byAddress.has(address);
  }

  [Symbol.iterator](): Iterator<Peer> {
    return this.#byAddress.values();
  }

  /** One whose driver it cannot have is told of, and left out. @returns the addresses behind which others stand now, or none. */
  become(known: readonly KnownDevice[]): ReadonlySet<string> {
    const before = new Map(this.#byAddress);
    this.#byAddress.clear();
    for (const one of known) {
      const address = one.device.address.toUpperCase();
      const peer = before.get(address)?.stays(one) ?? this.#peer(one);
      if (peer !== undefined) this.#byAddress.set(address, peer);
    }
    const addresses = [...before.keys(), ...this.#byAddress.keys()];
    return new Set(addresses.filter((address) => before.get(address) !== this.#byAddress.get(address)));
  }

  #peer(known: KnownDevice): Peer | undefined {
    try {
      return new Peer(known, this.#drivers, this.#retry);
    } catch (error) {
      if (!isVigieError(error)) throw error;
      this.#observe({ type: "fault", error });
      return undefined;
    }
  }
}
