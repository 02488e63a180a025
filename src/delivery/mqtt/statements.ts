/** What the platform says on the receipts topic, taken one statement after the other, whatever connection it came by. */
import { isVigieError, type VigieError } from "../../errors/error.ts";
import { verbatim } from "../../errors/sentence.ts";
import type { Observe } from "../../events.ts";
import type { JournalReader } from "../../journal/port.ts";
import { type Holding, openHolding } from "../../seal/holding.ts";
import type { KeyRing } from "../../seal/key.ts";
import type { Receipt } from "../../seal/receipt.ts";
import type { Aside } from "../aside.ts";
import type { Because } from "../dead-letters.ts";
import { errors } from "../errors.ts";
import { judgeReceipt, type ReceiptFault, type ReceiptVerdict, receiptFaults } from "../judge.ts";
import type { Outstanding } from "../outstanding.ts";
import type { Overtaking } from "../overtaking.ts";
import { hashAt, type Position } from "../position.ts";

export interface StatementsParts {
  readonly destination: string;
  readonly gateway: string;
  readonly platformKeys: KeyRing;
  readonly journal: JournalReader;
  readonly position: Position;
  readonly outstanding: Outstanding;
  readonly aside: Aside;
  readonly overtaking: Overtaking;
  readonly observe: Observe;
}

/** What follows from a statement, for whoever is sending. */
export interface StatementEvents {
  /** The platform has more than it was known to have. */
  advanced(receipt: Receipt): void;
  /** It says again where it stands. */
  repeated(receipt: Receipt): void;
  /** It says that it stands elsewhere, and is to be asked again. */
  doubted(): void;
  /** Sending starts over. */
  startedOver(): void;
  /** It says what became of a record that was shown apart from its turn. */
  judged(seq: number): void;
  /** The journal did not take what followed from it: the cursor stays before it, and all of it comes again. */
  failed(reason: VigieError): void;
}

export class Statements {
  readonly ignored: Partial<Record<ReceiptFault, number>> = {};
  readonly #parts: StatementsParts;
  readonly #events: StatementEvents;
  #taking: Promise<void> = Promise.resolve();

  constructor(parts: StatementsParts, events: StatementEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /** Resolves when nothing is being taken. */
  get settled(): Promise<void> {
    return this.#taking;
  }

  /** Resolves when what follows is on disk. */
  take(bytes: Uint8Array): Promise<void> {
    const { platformKeys, gateway, journal } = this.#parts;
    const holding = openHolding(bytes, platformKeys);
    const isOurs = holding?.gateway === gateway && holding.epoch === journal.epoch;
    const take = () => (holding !== undefined && isOurs ? this.#takeHolding(holding) : this.#takeReceipt(bytes));
    this.#taking = this.#taking
      .then(take)
      .catch((cause: unknown) => this.#events.failed(isVigieError(cause) ? cause : errors.DELIVERY_FAILED({ cause })));
    return this.#taking;
  }

  /** What was put aside and shown once more is held now, or refused again. Behind a fresh measure that is held the next may go. */
  async #takeHolding({ held, refused }: Holding): Promise<void> {
    const { overtaking, aside, position } = this.#parts;
    overtaking.settled(held);
    const wanted = new Set(aside.wanted(position.standsAt));
    const judge = async (seq: number, refusal?: Because): Promise<void> => {
      if (wanted.has(seq)) await aside.judged(seq, refusal);
      this.#events.judged(seq);
    };
    for (const seq of held) await judge(seq);
    for (const { seq, reason } of refused) await judge(seq, { code: "refused", words: reason });
  }

  async #takeReceipt(bytes: Uint8Array): Promise<void> {
    const { aside, position, outstanding } = this.#parts;
    const verdict = await this.#judge(bytes);
    switch (verdict.type) {
      case "advances":
        // What is refused is put aside first: the cursor passes nothing of which nobody knows.
        await aside.heed(verdict.receipt.exceptions);
        if (position.advanced(verdict.receipt.through)) this.#ignore("replayed");
        outstanding.receipted(verdict.receipt.through);
        return this.#events.advanced(verdict.receipt);
      case "repeats":
        await aside.heed(verdict.receipt.exceptions);
        if (position.trusted()) this.#ignore("replayed");
        return this.#events.repeated(verdict.receipt);
      case "behind":
        return this.#takeBehind(verdict.receipt);
      case "ignored":
        return this.#ignore(verdict.fault);
    }
  }

  #judge(bytes: Uint8Array): Promise<ReceiptVerdict> {
    const { platformKeys, gateway, journal, position, outstanding } = this.#parts;
    return judgeReceipt(bytes, {
      platformKeys,
      gateway,
      epoch: journal.epoch,
      standsAt: position.standsAt,
      hashAt: async (through) => outstanding.endingAt(through)?.hash ?? hashAt(journal, through),
    });
  }

  async #takeBehind(receipt: Receipt): Promise<void> {
    const { position, outstanding, overtaking, journal, destination, observe } = this.#parts;
    // Nothing is out that it could be an answer to: it is late, or replayed.
    if (!outstanding.awaitsReceipt) return this.#ignore("replayed");
    switch (position.behind(receipt.through, outstanding.rounds)) {
      case "doubtful":
        return this.#events.doubted();
      case "resting":
        return;
      case "lost": {
        const { startsOver, error } = await position.startOver(journal, receipt, destination);
        observe({ type: "fault", error });
        if (!startsOver) return;
        overtaking.forget();
        return this.#events.startedOver();
      }
    }
  }

  #ignore(fault: ReceiptFault): void {
    const { destination, observe } = this.#parts;
    this.ignored[fault] = (this.ignored[fault] ?? 0) + 1;
    observe({
      type: "fault",
      error: errors.DELIVERY_RECEIPT_IGNORED({ where: verbatim(destination), found: receiptFaults[fault] }),
    });
  }
}
