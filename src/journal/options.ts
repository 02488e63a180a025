import type { Sentence } from "../errors/sentence.ts";
import type { Clock } from "../measure/time.ts";
import type { SigningKey } from "../seal/key.ts";

export interface JournalOptions {
  /** The folder that holds `journal.db`; made with mode 0700 where it is missing. */
  readonly folder: string;
  /** Whose journal it is. */
  readonly gateway: string;
  /** 32 bytes: encrypts the bodies. */
  readonly boxKey: Uint8Array;
  readonly signingKey: SigningKey;
  readonly clock: Clock;
  /** The most that the file may grow to, bytes. @default 2 GiB */
  readonly maxBytes?: number;
  /** What is held in reserve on the disk, so that a full one can be freed; 0 for nothing. @default 8 MiB */
  readonly ballastBytes?: number;
  /** An append was refused because the disk, or `maxBytes`, is full. Told once, until `onRelieved`. */
  readonly onFull?: (refused: Error) => void;
  /** The first append that is taken again. */
  readonly onRelieved?: () => void;
  /** The disk refused a change otherwise than as full: nothing more is taken before the journal is opened anew. Told once. */
  readonly onStopped?: (refused: Error) => void;
  /**
   * Something in the file is not as it was written. Delivery goes on without it; `verify()` tells the whole.
   * @param seq the record; undefined where it is none. @param because without identity or health value.
   */
  readonly onDamage?: (seq: number | undefined, because: Sentence) => void;
}

export const DEFAULT_MAX_BYTES = 2 * 1024 ** 3;
