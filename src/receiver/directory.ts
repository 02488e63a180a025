/**
 * The gateways that may come in, kept on disk by whoever enrols them, and read again when that changes: every ten seconds,
 * and at once when a key comes that nobody knows. What is read has to be whole: a broken change leaves all as it was.
 */
import { systemTimers, type Timers } from "../delivery/timers.ts";
import { isVigieError, type VigieError } from "../errors/error.ts";
import { type DirectoryPlace, type Gateways, readDirectory } from "./directory-files.ts";
import { errors } from "./errors.ts";
import { gatewayKeys } from "./keys.ts";
import type { GatewayKeys, ReceiverEvent } from "./port.ts";

export interface DirectoryOptions {
  readonly observe?: (event: ReceiverEvent) => void;
  readonly timers?: Timers;
}

export interface GatewayDirectory extends Disposable {
  readonly keys: GatewayKeys;
  /** The gateways of now. */
  gateways(): readonly string[];
  /** Looks now. @returns whether something changed. */
  refresh(): Promise<boolean>;
}

/** Not fs.watch: a network share and a mounted secret (which is a link that is swapped) tell it nothing. */
const LOOK_EVERY_MS = 10_000;

/** @throws RECEIVER_DIRECTORY_INVALID: a receiver does not start with half of its gateways. */
export async function openDirectory(
  place: DirectoryPlace,
  { observe, timers = systemTimers }: DirectoryOptions = {},
): Promise<GatewayDirectory> {
  let now = await readDirectory(place);
  let keys = gatewayKeys(now);
  let looking: Promise<boolean> | undefined;
  /** What was wrong at the last look: said once. */
  let told: string | undefined;

  async function look(): Promise<boolean> {
    let next: Gateways;
    try {
      next = await readDirectory(place);
    } catch (cause) {
      complain(isVigieError(cause) ? cause : errors.RECEIVER_DIRECTORY_INVALID({ cause }));
      return false;
    }
    if (told === undefined && isSame(now, next)) return false;
    told = undefined;
    now = next;
    keys = gatewayKeys(next);
    observe?.({ type: "directory", state: "read", gateways: Object.keys(next).length });
    return true;
  }

  function complain(error: VigieError): void {
    if (told === error.message) return;
    told = error.message;
    observe?.({ type: "directory", state: "kept", error });
  }

  function refresh(): Promise<boolean> {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  let cancel = timers.after(LOOK_EVERY_MS, lookAgain);
  let isClosed = false;
  function lookAgain(): void {
    void refresh().then(() => {
      if (!isClosed) cancel = timers.after(LOOK_EVERY_MS, lookAgain);
    });
  }

  return {
    keys: (kid) => keys(kid),
    gateways: () => Object.keys(now),
    refresh,
    [Symbol.dispose]() {
      isClosed = true;
      cancel();
    },
  };
}

function isSame(a: Gateways, b: Gateways): boolean {
  const text = (gateways: Gateways) =>
    JSON.stringify(
      Object.entries(gateways)
        .map(([gateway, keys]) => [gateway, ...keys.map((key) => Buffer.from(key).toString("hex")).toSorted()])
        .toSorted(([first = ""], [second = ""]) => (first < second ? -1 : 1)),
    );
  return text(a) === text(b);
}
