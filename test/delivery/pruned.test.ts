/** A platform that begins behind a prune: a real journal, pruned for real, to the real receiver by each way there is. */
import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DeadLetters } from "../../src/delivery/dead-letters.ts";
import { openHttpsDestination } from "../../src/delivery/https/destination.ts";
import type { Timers } from "../../src/delivery/timers.ts";
import type { GatewayEvent } from "../../src/events.ts";
import type { Journal } from "../../src/journal/port.ts";
import { openHttpReceiver } from "../../src/receiver/http.ts";
import { gatewayKeys } from "../../src/receiver/keys.ts";
import { memoryState } from "../../src/receiver/memory-state.ts";
import type { ReceiverEvent, ReceiverState } from "../../src/receiver/port.ts";
import { Receiver } from "../../src/receiver/receiver.ts";
import { hashOf } from "../../src/seal/segment.ts";
import { FakeClock } from "../fixtures/clock.ts";
import { Told } from "../fixtures/events.ts";
import { KeepingSink, openGateway, openPlatform, platformKey, platformKeys } from "../fixtures/feed.ts";
import { soon } from "../fixtures/fhir-feed.ts";
import { hasMosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { testKey } from "../fixtures/seal.ts";
import { draft, newFolder, open } from "../journal/setting.ts";

const GATEWAY = "ehpad-test";
const DAY_MS = 86_400_000;

/** Nobody waits between attempts, nor for what a platform says twice; what bounds an exchange is left alone. */
const timers: Timers = { after: (ms, callback) => (ms < 60_000 ? soon(callback) : () => {}) };

/** What is open, closed in the end: the last opened first. */
let opened: AsyncDisposable[] = [];
let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(async () => {
  for (const one of opened.reverse()) await one[Symbol.asyncDispose]();
  opened = [];
  await rm(folder, { recursive: true });
});
const closing = <One extends AsyncDisposable>(one: One): One => {
  opened.push(one);
  return one;
};

/** Records 1 to 40 delivered and pruned long ago, then what nobody has yet, the checkpoint within. */
async function prunedJournal({ changesKey = false } = {}) {
  const clock = new FakeClock();
  const journal = await open(folder, { clock });
  closing({ [Symbol.asyncDispose]: () => journal.close() });
  const policy = { destinations: ["former"], eraseAfterDays: 7, pruneAfterDays: 30 };
  for (let n = 1; n <= 40; n += 1) await journal.append(draft(n));
  const [tenth] = await journal.segments(10, 1);
  if (changesKey) await journal.rotateSigningKey(testKey(21));
  await journal.advance("former", 40);
  await journal.retain({ ...policy, now: clock.now() });
  clock.advance(60 * DAY_MS);
  for (let n = 41; n <= 60; n += 1) await journal.append(draft(n));
  const { prunedThrough } = await journal.retain({ ...policy, now: clock.now() });
  for (let n = 61; n <= 400; n += 1) await journal.append(draft(n));
  expect(prunedThrough).toBe(40);
  return { journal, prunedThrough, tenth: tenth?.segment ?? new Uint8Array() };
}

interface Ends {
  readonly sink: KeepingSink;
  readonly atPlatform: Told<ReceiverEvent>;
  readonly atGateway: Told<GatewayEvent>;
}

type Way = (journal: Journal, state?: ReceiverState) => Promise<Ends>;

async function byMqtt(journal: Journal, state = memoryState()): Promise<Ends> {
  const broker = closing(await startMosquitto());
  const keys = gatewayKeys({ [GATEWAY]: testKey().publicKey });
  const { feed, sink, told: atPlatform } = openPlatform(broker.url, "5", { keys, state });
  closing(feed);
  await feed.ready;
  const address = { structure: "750000001", gateway: GATEWAY };
  const gateway = await openGateway(journal, { url: broker.url, version: "5", address }, { timers });
  closing(gateway.destination);
  return { sink, atPlatform, atGateway: gateway.told };
}

async function byHttps(journal: Journal, state = memoryState()): Promise<Ends> {
  const [sink, atPlatform, atGateway] = [new KeepingSink(), new Told<ReceiverEvent>(), new Told<GatewayEvent>()];
  const keys = gatewayKeys({ [GATEWAY]: testKey().publicKey });
  const { observe } = atPlatform;
  const receiver = new Receiver({ keys, state, sinks: [sink], platformKey, observe });
  const { port } = closing(await openHttpReceiver({ receiver, listen: { port: 0, path: "/feed" }, observe }));
  const config = { url: `http://localhost:${port}/feed`, gateway: GATEWAY, platformKeys };
  const deadLetters = await DeadLetters.open({ journal, clock: new FakeClock(), observe: atGateway.observe });
  const parts = { name: "platform", journal, deadLetters, config, observe: atGateway.observe, random: () => 0, timers };
  closing(await openHttpsDestination(parts));
  return { sink, atPlatform, atGateway };
}

const ways: readonly { readonly name: string; readonly missing: boolean; readonly way: Way }[] = [
  { name: "Mosquitto", missing: !hasMosquitto, way: byMqtt },
  { name: "HTTPS", missing: false, way: byHttps },
];

const seqsOf = ({ records }: KeepingSink): number[] => records.map(({ seq }) => seq);
const from = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, n) => first + n);
const receipted = ({ atGateway }: Ends, through: number) =>
  atGateway.first((event) => event.type === "receipted" && event.through >= through);
const isFault = (event: GatewayEvent): boolean => event.type === "fault";

for (const { name, missing, way } of ways) {
  describe.skipIf(missing)(`a pruned journal over ${name}`, () => {
    test("is taken from its checkpoint on by a platform that is new, a change of key included: all that is left, once, in order", async () => {
      const { journal, prunedThrough } = await prunedJournal({ changesKey: true });
      const ends = await way(journal);
      const { lastSeq } = journal;
      await receipted(ends, lastSeq);
      expect(seqsOf(ends.sink)).toEqual(from(prunedThrough + 1, lastSeq));
      const starts = ends.atPlatform.all.filter(({ type }) => type === "pruned-start");
      expect(starts).toEqual([{ type: "pruned-start", gateway: GATEWAY, epoch: journal.epoch, prunedThrough }]);
      expect(await journal.cursor("platform")).toBe(lastSeq);
      expect(ends.atGateway.count(isFault)).toBe(0);
      const { seq } = await journal.append(draft(900));
      await receipted(ends, seq);
      expect(seqsOf(ends.sink).at(-1)).toBe(seq);
    });

    test("is taken from its checkpoint on by a platform that lost all that it had receipted", async () => {
      const { journal, prunedThrough } = await prunedJournal();
      const { lastSeq } = journal;
      await journal.advance("platform", lastSeq - 20);
      const ends = await way(journal);
      await receipted(ends, lastSeq);
      expect(seqsOf(ends.sink)).toEqual(from(prunedThrough + 1, lastSeq));
      const faults = ends.atGateway.all.flatMap((event) => (event.type === "fault" ? [event.error.code] : []));
      // Beside that, a receipt may be doubted that overtook the broker's own answer.
      expect(faults.filter((code) => code.startsWith("DELIVERY_PLATFORM"))).toEqual(["DELIVERY_PLATFORM_LOST_STATE"]);
    });
  });
}

test("what is left is handed to no platform that stopped within what is pruned: there would be a hole", async () => {
  const { journal, tenth } = await prunedJournal();
  const state = memoryState();
  const head = { epoch: journal.epoch, lastSeq: 10, hash: hashOf(tenth) };
  await state.exclusively(GATEWAY, journal.epoch, (entry) => entry.keep({ head, ids: [], exceptions: [] }));
  await journal.advance("platform", 10);
  const { sink, atGateway } = await byHttps(journal, state);
  const waiting = await atGateway.first((event) => event.type === "destination" && event.state === "waiting");
  expect(waiting).toMatchObject({ error: { code: "DELIVERY_NO_RECEIPT" } });
  expect(sink.records).toEqual([]);
  expect(await journal.cursor("platform")).toBe(10);
});
