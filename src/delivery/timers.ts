/** Waiting, as something that a test can do without time passing. */
export interface Timers {
  /** Calls back once, after so many milliseconds. @returns what cancels it. */
  after(ms: number, callback: () => void): () => void;
}

export const systemTimers: Timers = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
