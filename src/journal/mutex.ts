/** One at a time, in the order of asking. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    // The next in line waits for the end of this one, whichever way it ends; its own caller is told of a failure.
    this.#last = result.catch(() => undefined);
    return result;
  }
}
