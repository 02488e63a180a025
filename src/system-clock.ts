/**
 * The board's clock: the one file that asks the system for the time. Everything else is handed a `Clock`.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { type Clock, ms, wallMs } from "./measure/time.ts";

/** When the wall clock is to be believed: once systemd-timesyncd has set it, always, or never. */
export type ClockTrust = "timesync" | "always" | "never";

export interface ClockSources {
  /** systemd-timesyncd touches it at the first synchronisation since boot; it lies on a tmpfs. */
  readonly synchronisedFile: string;
  readonly bootIdFile: string;
  /** The boot id as systemd hands it over (`Environment=VIGIE_BOOT_ID=%b`), for a unit that hides /proc/sys. */
  readonly bootId: string | undefined;
}

const linux: ClockSources = {
  synchronisedFile: "/run/systemd/timesync/synchronized",
  bootIdFile: "/proc/sys/kernel/random/boot_id",
  bootId: process.env["VIGIE_BOOT_ID"],
};

/** Synchronised once is synchronised until the next boot, but a missing file may appear: look again after this long. */
const LOOK_AGAIN_MS = 1_000;

export function systemClock(trust: ClockTrust, sources: ClockSources = linux): Clock {
  const bootId = readBootId(sources);
  const synchronised =
    trust === "timesync" ? remembered(() => existsSync(sources.synchronisedFile)) : () => trust === "always";
  return {
    now() {
      const monotonic = monotonicMs();
      return { wall: wallMs(Date.now()), monotonic: ms(monotonic), bootId, synchronised: synchronised(monotonic) };
    },
  };
}

/** Whole milliseconds of CLOCK_MONOTONIC, which on Linux starts at boot and which setting the time never moves. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

function remembered(look: () => boolean): (monotonic: number) => boolean {
  let seen = false;
  let lookAt = Number.NEGATIVE_INFINITY;
  return (monotonic) => {
    if (monotonic >= lookAt) {
      seen = look();
      lookAt = monotonic + LOOK_AGAIN_MS;
    }
    return seen;
  };
}

/** @returns 32 hex digits. Where the system does not tell, a random one: then each start counts as a boot, which errs safely. */
function readBootId({ bootId, bootIdFile }: ClockSources): string {
  return hexDigits(bootId) ?? hexDigits(readIfThere(bootIdFile)) ?? randomBytes(16).toString("hex");
}

function hexDigits(text: string | undefined): string | undefined {
  const digits = text?.trim().replaceAll("-", "").toLowerCase();
  return digits !== undefined && /^[0-9a-f]{32}$/.test(digits) ? digits : undefined;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // hidden by ProcSubset=pid, or no Linux: the caller has a safe answer
  }
}
