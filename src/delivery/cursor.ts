/** A destination's cursor: known at once in memory, written to the journal one write at a time. */
import type { JournalReader } from "../journal/port.ts";

export interface CursorEvents {
  /** The cursor is on disk up to there. */
  moved(through: number): void;
  /** The journal did not take it. What was receipted will be sent again after a restart, which is harmless. */
  failed(error: unknown): void;
}

export class Cursor {
  readonly #destination: string;
  readonly #journal: Pick<JournalReader, "advance">;
  readonly #events: CursorEvents;
  #confirmed: number;
  #written: number;
  #writing: Promise<void> | undefined;

  private constructor(destination: string, journal: Pick<JournalReader, "advance">, at: number, events: CursorEvents) {
    this.#destination = destination;
    this.#journal = journal;
    this.#events = events;
    this.#confirmed = at;
    this.#written = at;
  }

  static async open(
    destination: string,
    journal: Pick<JournalReader, "advance" | "cursor">,
    events: CursorEvents,
  ): Promise<Cursor> {
    return new Cursor(destination, journal, await journal.cursor(destination), events);
  }

  /** What the platform has receipted. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** A receipt came. The write follows; receipts that come meanwhile share the next one. */
  confirm(through: number): void {
    this.#confirmed = through;
    this.#writing ??= this.#write();
  }

  /** Resolves when nothing is left to write. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#written < this.#confirmed) {
      const through = this.#confirmed;
      try {
        await this.#journal.advance(this.#destination, through);
        this.#events.moved(through);
      } catch (error) {
        this.#events.failed(error);
      }
      this.#written = through;
    }
    this.#writing = undefined;
  }
}
