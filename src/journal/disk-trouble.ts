/**
 * What becomes of the journal when the disk refuses a change. A full disk refuses appends, and gives its reserve back for
 * what frees room. Any other refusal leaves open what is on the disk: nothing more is taken, because it could use a sequence
 * number twice.
 */
import { isVigieError } from "../errors/error.ts";
import type { JournalOptions } from "./options.ts";
import { asJournalError, isOfTheDisk } from "./refusal.ts";
import type { Space } from "./space.ts";
import { sqliteCode } from "./sqlite.ts";

export class DiskTrouble {
  readonly #space: Space;
  readonly #options: Pick<JournalOptions, "folder" | "onFull" | "onRelieved" | "onStopped">;
  #isFull = false;
  /** Why nothing more is taken. */
  #broken: Error | undefined;

  constructor(space: Space, options: Pick<JournalOptions, "folder" | "onFull" | "onRelieved" | "onStopped">) {
    this.#space = space;
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Appends; where the disk is full, once more if there is room again. */
  async append<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return await work();
    } catch (error) {
      if (sqliteCode(error) === "SQLITE_FULL" && (await this.#hasRoomAgain())) return this.append(work);
      const refused = this.refused(error);
      if (isVigieError(refused, "JOURNAL_FULL")) this.full(refused);
      // A file that does not take a record as it should is no place for the next one.
      else if (sqliteCode(error) !== undefined || isVigieError(refused, "JOURNAL_DAMAGED")) this.#stop(refused);
      throw refused;
    }
  }

  /** What is refused as full is tried again with the reserve: all that is done this way frees room, or needs next to none. */
  async freeing<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#change(work);
    } catch (error) {
      if (!isVigieError(error, "JOURNAL_FULL") || !(await this.#change(() => this.#space.release()))) throw error;
      return this.#change(work);
    }
  }

  /** Says what a change was refused with in our words, and stops the journal where that leaves open what is on the disk. */
  refused(error: unknown): Error {
    const refused = asJournalError(error, this.#options.folder);
    if (isOfTheDisk(refused)) this.#stop(refused);
    return refused;
  }

  full(refused: Error): void {
    if (!this.#isFull) this.#options.onFull?.(refused);
    this.#isFull = true;
  }

  /** A record was taken. */
  relieved(): void {
    if (this.#isFull) this.#options.onRelieved?.();
    this.#isFull = false;
  }

  /** The disk took no more: the reserve is given back for what frees room, and taken again where there is room. */
  async #hasRoomAgain(): Promise<boolean> {
    try {
      if (await this.#space.recover()) return true;
      await this.#space.release();
    } catch (error) {
      const refused = this.refused(error);
      if (!isVigieError(refused, "JOURNAL_FULL")) throw refused;
    }
    return false;
  }

  async #change<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return await work();
    } catch (error) {
      throw this.refused(error);
    }
  }

  #stop(refused: Error): void {
    if (this.#broken === undefined) this.#options.onStopped?.(refused);
    this.#broken ??= refused;
  }
}
