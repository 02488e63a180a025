/** Waits for receipts over one connection, and says when they stay away. */
import type { Outstanding } from "../outstanding.ts";
import type { Timers } from "../timers.ts";

/** A platform that repeats itself may only be busy with what is on its way. Two round trips of a bad link, then we resend. */
const GAP_MS = 2_000;

export interface ReceiptWatchParts {
  readonly outstanding: Outstanding;
  readonly timers: Timers;
  readonly receiptTimeoutMs: number;
}

export interface ReceiptWatchEvents {
  /** The platform said again how far it is, and what it should have did not come since: something between is missing. */
  gap(): void;
  /** The broker has what it was sent, and the platform says nothing that moves the cursor. */
  silence(): void;
}

export class ReceiptWatch {
  readonly #parts: ReceiptWatchParts;
  readonly #events: ReceiptWatchEvents;
  #cancelSilence: (() => void) | undefined;
  #cancelGap: (() => void) | undefined;

  constructor(parts: ReceiptWatchParts, events: ReceiptWatchEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /** The broker has something: a receipt is due. */
  expect(): void {
    const { outstanding, timers, receiptTimeoutMs } = this.#parts;
    if (outstanding.awaitsReceipt) this.#cancelSilence ??= timers.after(receiptTimeoutMs, () => this.#events.silence());
  }

  /** A receipt moved the cursor. The next one is due from now on. */
  progressed(): void {
    this.stop();
    this.expect();
  }

  /** A receipt said the same again, while the platform should have more. */
  repeated(): void {
    const { outstanding, timers } = this.#parts;
    // It stays armed until there is progress: one resend per gap, the silence sees to the rest.
    if (outstanding.awaitsReceipt) this.#cancelGap ??= timers.after(GAP_MS, () => this.#events.gap());
  }

  stop(): void {
    this.#cancelSilence?.();
    this.#cancelSilence = undefined;
    this.#cancelGap?.();
    this.#cancelGap = undefined;
  }
}
