/**
 * What happens on the way of a reading, told to whoever watches (the log, the metrics, the demo). In-process only:
 * a watcher that writes anything down leaves out measurement, person and address.
 */

import type { RejectReason } from "./driver/reject.ts";
import type { VigieError } from "./errors/error.ts";
import type { Device, Measurement } from "./measure/measurement.ts";
import type { Milliseconds } from "./measure/time.ts";

export type GatewayEvent =
  | { readonly type: "measured"; readonly measurement: Measurement }
  | { readonly type: "rejected"; readonly driver: string; readonly device: Device; readonly reason: RejectReason }
  | {
      readonly type: "journaled";
      readonly measurement: Measurement;
      readonly seq: number;
      readonly as: "measure" | "failed" | "quarantined" | "duplicate" | "battery";
      /** The site's label of the person (`Chambre 12`), for people who stand before the box. */
      readonly label?: string;
    }
  | { readonly type: "delivered"; readonly destination: string; readonly firstSeq: number; readonly lastSeq: number }
  | { readonly type: "receipted"; readonly destination: string; readonly through: number }
  | {
      readonly type: "destination";
      readonly destination: string;
      readonly state: "connected" | "waiting" | "suspended";
      readonly error?: VigieError;
    }
  | {
      readonly type: "link";
      /** `ble:hci0`, `serial`, `simulated`; `ble:gatt-blood-pressure` for a conversation. Never an address. */
      readonly link: string;
      /** The address of the one device behind it. */
      readonly device?: string;
      /** With one device over a link that stays: it begins and ends with each reading. */
      readonly isConversation?: true;
      readonly state: "open" | "closed" | "failed";
      readonly error?: VigieError;
    }
  /** A device of the registry is read from now on, is read another way, or is let go. */
  | { readonly type: "device"; readonly device: string; readonly state: "followed" | "changed" | "released" }
  /** A journal that was full takes readings again. */
  | { readonly type: "relieved"; readonly fullFor: Milliseconds }
  | { readonly type: "fault"; readonly error: VigieError };

export type Observe = (event: GatewayEvent) => void;
