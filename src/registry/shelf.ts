/** One kind of thing that the registry knows, in memory, with what has changed since it was copied. */
import type { z } from "zod";
import type { Fact, StoredFact } from "../journal/port.ts";

export interface ShelfKind<Item> {
  readonly name: string;
  readonly shape: z.ZodType<Item>;
  readonly keyOf: (item: Item) => string;
}

export class Shelf<Item> {
  readonly #kind: ShelfKind<Item>;
  readonly #items: Map<string, Item>;
  readonly #changed = new Set<string>();

  constructor(kind: ShelfKind<Item>, items: Iterable<readonly [string, Item]> = []) {
    this.#kind = kind;
    this.#items = new Map(items);
  }

  /** @throws ZodError where the disk holds what this version does not know. */
  static from<Item>(kind: ShelfKind<Item>, facts: readonly StoredFact[]): Shelf<Item> {
    return new Shelf(
      kind,
      facts.map(({ key, value }) => [key, kind.shape.parse(JSON.parse(value))]),
    );
  }

  get(key: string): Item | undefined {
    return this.#items.get(key);
  }

  values(): readonly Item[] {
    return [...this.#items.values()];
  }

  put(item: Item): void {
    const key = this.#kind.keyOf(item);
    this.#items.set(key, item);
    this.#changed.add(key);
  }

  drop(key: string): void {
    if (this.#items.delete(key)) this.#changed.add(key);
  }

  /** The same items, of which nothing has changed yet. */
  copy(): Shelf<Item> {
    return new Shelf(this.#kind, this.#items);
  }

  /** What is to be written of the changes. */
  changes(): readonly Fact[] {
    return [...this.#changed].map((key) => {
      const item = this.#items.get(key);
      const fact = { shelf: this.#kind.name, key };
      return item === undefined ? fact : { ...fact, value: JSON.stringify(item) };
    });
  }
}
