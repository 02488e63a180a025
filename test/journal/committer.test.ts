/** What one commit takes: all that came while the one before was under way. */
import { expect, test } from "vitest";
import { Committer } from "../../src/journal/committer.ts";
import type { Entry } from "../../src/journal/entry.ts";
import { entryOf } from "../../src/journal/entry.ts";
import { Vault } from "../../src/journal/vault.ts";
import { draft } from "./setting.ts";

const vault = new Vault(new Uint8Array(32), new Uint8Array(32));
const entry = (n: number) => (): Entry => entryOf(draft(n), vault, 20_000);

/** A committer whose commits end when they are told to. */
function slow() {
  const commits: { readonly entries: number; readonly cursors: readonly number[]; end(error?: Error): void }[] = [];
  const committer = new Committer(
    (entries, cursors) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) =>
          error ? reject(error) : resolve(entries.map((_, index) => ({ seq: index + 1, duplicate: false })));
        commits.push({ entries: entries.length, cursors: cursors.map(({ through }) => through), end });
      }),
  );
  return { committer, commits, sizes: () => commits.map(({ entries, cursors }) => [entries, cursors]) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("readings and cursors that come while a commit is under way share the next one", async () => {
  const { committer, commits, sizes } = slow();
  const first = committer.append(entry(1));
  await turn();
  const rest = [
    committer.append(entry(2)),
    committer.move({ destination: "a", through: 1 }),
    committer.append(entry(3)),
  ];
  await turn();
  expect(sizes()).toEqual([[1, []]]);
  commits[0]?.end();
  await first;
  await turn();
  expect(sizes()).toEqual([
    [1, []],
    [2, [1]],
  ]);
  commits[1]?.end();
  await Promise.all(rest);
  await committer.idle();
});

test("a cursor that comes alone waits for nobody, and what refuses it is told to whoever moved it", async () => {
  const { committer, commits, sizes } = slow();
  const moved = committer.move({ destination: "a", through: 7 });
  await turn();
  expect(sizes()).toEqual([[0, [7]]]);
  commits[0]?.end(new Error("no"));
  await expect(moved).rejects.toThrow("no");
  await committer.idle();
});

test("a flood is made ready some at a time, in the order it came, and lands in one segment", async () => {
  const { committer, commits, sizes } = slow();
  const [made, madeByTurn]: [number[], number[]] = [[], []];
  const all = Array.from({ length: 250 }, (_, n) =>
    committer.append(() => {
      made.push(n);
      return entry(n)();
    }),
  );
  while (commits.length === 0) {
    madeByTurn.push(made.length);
    await turn();
  }
  expect(madeByTurn.every((count, index) => count - (madeByTurn[index - 1] ?? 0) <= 2 * 64)).toBe(true);
  expect(made).toEqual(Array.from({ length: 250 }, (_, n) => n));
  expect(sizes()).toEqual([[250, []]]);
  commits[0]?.end();
  await Promise.all(all);
});

test("an entry that cannot be made refuses its own caller alone", async () => {
  const { committer, commits } = slow();
  const fail = (): Entry => {
    throw new RangeError("no day");
  };
  const all = Array.from({ length: 200 }, (_, n) => committer.append(n % 100 === 99 ? fail : entry(n)));
  const settled = Promise.allSettled(all);
  while (commits.length === 0) await turn();
  commits[0]?.end();
  const refused = (await settled).flatMap(({ status }, index) => (status === "rejected" ? [index] : []));
  expect(refused).toEqual([99, 199]);
});
