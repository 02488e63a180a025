import type { Milliseconds } from "../../measure/time.ts";
import type { BluezObjects } from "./objects.ts";

export interface Waiting {
  readonly objects: BluezObjects;
  readonly timeout: Milliseconds;
  /** Aborted where there is nothing to wait for any more. */
  readonly ended: AbortSignal;
}

/** Waits until what BlueZ has says so. @returns false after `timeout`, or when it has ended. */
export function until(condition: () => boolean, { objects, timeout, ended }: Waiting): Promise<boolean> {
  if (ended.aborted || condition()) return Promise.resolve(!ended.aborted);
  return new Promise((resolve) => {
    const settle = (met: boolean) => {
      clearTimeout(timer);
      unwatch();
      ended.removeEventListener("abort", abort);
      resolve(met);
    };
    const abort = () => settle(false);
    const timer = setTimeout(abort, timeout);
    const unwatch = objects.watch(() => {
      if (condition()) settle(true);
    });
    ended.addEventListener("abort", abort);
  });
}
