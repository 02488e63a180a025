/** What every destination is, whatever it speaks: something that works through the journal until it is closed. */
import type { VigieError } from "../errors/error.ts";
import type { ReceiptFault } from "./judge.ts";

export interface DestinationStatus {
  readonly state: "connecting" | "connected" | "waiting" | "suspended" | "closed";
  /** The last record that the platform has receipted. */
  readonly confirmed: number;
  /** Receipts that proved nothing, by what was wrong with them. */
  readonly ignoredReceipts: Readonly<Partial<Record<ReceiptFault, number>>>;
  /** The last thing that was in the way. */
  readonly trouble?: VigieError;
}

export interface Destination extends AsyncDisposable {
  readonly name: string;
  status(): DestinationStatus;
}
