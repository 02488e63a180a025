/** What a command has opened, closed in the opposite order (AsyncDisposableStack, which Node.js 20 does not have). */
export class Opened implements AsyncDisposable {
  readonly #closings: (() => void | PromiseLike<void>)[] = [];

  use<One extends Disposable | AsyncDisposable>(one: One): One {
    this.#closings.push(() => (Symbol.asyncDispose in one ? one[Symbol.asyncDispose]() : one[Symbol.dispose]()));
    return one;
  }

  /** Closes all of it, whatever becomes of one. @throws the first failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closings.toReversed()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
