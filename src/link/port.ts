/** What a technician who enrols a device needs of a radio. A test fakes it with an object literal. */
import type { VigieError } from "../errors/error.ts";

/** A device that was heard since the search began. */
export interface NearbyDevice {
  /** `AA:BB:CC:DD:EE:FF`. A device that changes its address shows the lasting one only once it is paired. */
  readonly address: string;
  readonly name?: string;
  /** The driver that would read it, by what it advertises. */
  readonly driver?: string;
  /** Strength of its signal in dBm: -40 lies beside the gateway, -90 is hardly heard. */
  readonly rssi?: number;
  /** Enrolled already: it is paired anew, as after the device has forgotten the gateway. */
  readonly isKnown: boolean;
}

/** Who stands before the box while a device is paired. Each number has six digits. */
export interface PairingDesk {
  /** Shows the passkey that has to be entered on the device. */
  readonly show: (passkey: string) => void;
  /** Asks whether the device shows the same number. */
  readonly confirm: (passkey: string) => Promise<boolean>;
  /** Asks for the passkey that the device shows. @throws where nobody gives one: the pairing is then refused. */
  readonly ask: () => Promise<string>;
}

/** How both sides came to trust each other; `just-works` proves to nobody who is on the other side. */
export type PairingMethod = "just-works" | "passkey-shown" | "passkey-asked" | "comparison";

export interface PairedDevice {
  /** The lasting one: what the device is enrolled under. */
  readonly address: string;
  readonly name?: string;
  readonly driver: string;
  readonly method: PairingMethod;
  /** Forgets the pairing, where the device cannot be enrolled after all. Never rejects. */
  undo(): Promise<void>;
}

/** One search, until it is ended or its time is over. */
export interface Search {
  /** In the order in which they were first heard. */
  readonly nearby: readonly NearbyDevice[];
  /**
   * Pairs a device that is near; one at a time.
   * @param driver where it is chosen; else one must be found that reads what the device offers.
   * @throws PAIRING_…, each with what to do; BLE_… where the radio fails
   */
  pair(address: string, desk: PairingDesk, driver?: string): Promise<PairedDevice>;
  /** Ends it, and a pairing that is under way. */
  end(): void;
}

export interface Radio {
  /**
   * Looks for all devices that are near. A search that was under way is over with it.
   * @param changed called when `nearby` has changed. @param over called once, when it ended by itself, with the reason.
   * @throws BLE_BUS_UNREACHABLE, BLE_SERVICE_ABSENT, BLE_ADAPTER_ABSENT, BLE_ADAPTER_OFF
   */
  search(told: { readonly changed: () => void; readonly over: (error: VigieError) => void }): Search;
}

/** A reader that badges are shown to. */
export interface BadgeReader {
  /** The next badge that is shown, which does nothing else; undefined where none is within a minute, or it is closed. */
  next(): Promise<string | undefined>;
}
