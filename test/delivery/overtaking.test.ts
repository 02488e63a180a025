import { describe, expect, it } from "vitest";
import { BACKLOG, Overtaking } from "../../src/delivery/overtaking.ts";
import { newJournal } from "../fixtures/feed.ts";

/** A backlog of one device, then what the others measured. */
function arrange(backlog = BACKLOG + 50) {
  const journal = newJournal();
  for (let n = 0; n < backlog; n += 1) journal.commit({ body: "", device: "away" });
  const overtaking = new Overtaking(journal);
  const measure = (...devices: readonly string[]) => journal.commit(...devices.map((device) => ({ body: "", device })));
  const take = (segment: ReturnType<typeof measure>, isFor = (_: { readonly seq: number }) => true) => [
    ...overtaking.take(segment, isFor),
  ];
  return { journal, overtaking, measure, take };
}

describe("what may overtake a backlog", () => {
  it("is a measure of a device that has nothing older to come, once, and its next one only when that is held", async () => {
    const { overtaking, measure, take } = arrange();
    await overtaking.look(0);
    expect(overtaking.next(0, 1)).toBeUndefined();
    const [first, second] = [measure("here", "away", "there"), measure("here")];
    await overtaking.look(0);
    expect(overtaking.next(0, 1)).toBe(first.firstSeq);
    expect(take(first)).toEqual([first.firstSeq, first.lastSeq]);
    expect(overtaking.next(0, 1)).toBeUndefined();
    overtaking.settled([first.firstSeq]);
    expect(overtaking.next(0, 1)).toBe(second.firstSeq);
  });

  it("is also what was measured just before it was looked at, by a device that measured nothing else", async () => {
    const { overtaking, measure } = arrange();
    const { firstSeq } = measure("here");
    await overtaking.look(0);
    expect(overtaking.next(0, 1)).toBe(firstSeq);
  });

  it("goes together where a device measured twice in a segment; what is kept back keeps nobody waiting", async () => {
    const { overtaking, measure, take } = arrange();
    await overtaking.look(0);
    const [first, second] = [measure("here", "here", "there"), measure("there")];
    await overtaking.look(0);
    expect(take(first, ({ seq }) => seq !== first.lastSeq)).toEqual([first.firstSeq, first.firstSeq + 1]);
    expect(overtaking.next(0, 1)).toBe(second.firstSeq);
  });

  it("is not what stands behind a refused one, before its turn has come", async () => {
    const { overtaking, measure, take } = arrange();
    await overtaking.look(0);
    const [first, second] = [measure("here", "here"), measure("here")];
    await overtaking.look(0);
    take(first);
    overtaking.settled([first.lastSeq]);
    expect(overtaking.next(0, 1)).toBeUndefined();
    expect(overtaking.next(first.lastSeq, 1)).toBe(second.firstSeq);
  });

  it("is shown again over a new connection, and what was sent in its turn is not", async () => {
    const { overtaking, measure, take } = arrange();
    await overtaking.look(0);
    const { firstSeq, lastSeq, ...rest } = measure("here");
    await overtaking.look(0);
    take({ firstSeq, lastSeq, ...rest });
    overtaking.reconnected();
    expect(overtaking.next(0, 1)).toBe(firstSeq);
    expect(overtaking.next(0, firstSeq + 1)).toBeUndefined();
  });

  it("is nothing that was learned before it was forgotten", async () => {
    const { overtaking, measure } = arrange();
    measure("here");
    const looking = overtaking.look(0);
    overtaking.forget();
    await looking;
    expect(overtaking.next(0, 1)).toBeUndefined();
  });
});
