/** What the Bluetooth link is opened with, and what it then is. */
import type { DriverRegistry } from "../../driver/registry.ts";
import type { Observe } from "../../events.ts";
import type { Intake } from "../../intake/port.ts";
import type { Clock } from "../../measure/time.ts";
import type { Radio } from "../port.ts";
import type { KnownDevice } from "./peer.ts";
import type { Timing } from "./timing.ts";

export interface BleLinkOptions {
  readonly drivers: DriverRegistry;
  /** The enrolled devices: these are connected and read, no others. */
  readonly known: readonly KnownDevice[];
  readonly intake: Intake;
  readonly clock: Clock;
  readonly observe: Observe;
  /** `hci0`. @default the first adapter there is */
  readonly adapter?: string;
  /** D-Bus address. @default the system bus */
  readonly bus?: string;
  /** IANA zone of the site, for the clocks of devices. @default the zone of the process */
  readonly timeZone?: string;
  readonly timing?: Partial<Timing>;
}

/** The open link. Disposing of it ends the scan, hands over what waits, and leaves the devices connected. */
export interface BleLink extends Radio, AsyncDisposable {
  /**
   * The enrolled devices from now on. One that is new is looked for; one that is gone is disconnected; one that was given
   * another driver is read anew. One whose driver it cannot have is told of and not read.
   */
  know(known: readonly KnownDevice[]): void;
}
