/** The receiver by itself: messages that are there already, one after the other, no broker and no sender on the same cores. */

import { gatewayKeys, Receiver } from "../../src/receiver/index.ts";
import { memoryState } from "../../src/receiver/memory-state.ts";
import type { ReceiverState } from "../../src/receiver/port.ts";
import { postgresState } from "../../src/receiver/postgres-state.ts";
import { Encoding } from "../../src/seal/encoding.ts";
import { type SigningKey, signingKey } from "../../src/seal/key.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { hasPostgres, startPostgres } from "../../test/fixtures/postgres.ts";
import { bundles, chunks, keyOf } from "./delivery.ts";
import { PLATFORM_SEED } from "./feed.ts";
import { type Row, seconds } from "./report.ts";
import { SealedJournal } from "./sealed-journal.ts";

const GATEWAYS = 16;
const RECORDS = 1_536;
const FULL_SEGMENT = 256;
/** A segment a record: so many fewer of them. */
const ALONE = 150;

export async function receiver(): Promise<readonly Row[]> {
  const full = await fleetOf(RECORDS, FULL_SEGMENT);
  const alone = await fleetOf(ALONE, 1);
  const rows = [
    await measure("segments of 256, state in memory", full, memoryState()),
    await measure("segments of 1, state in memory", alone, memoryState()),
  ];
  if (!hasPostgres) return rows;
  await using postgres = await startPostgres();
  const { url } = postgres;
  return [
    ...rows,
    await measure("segments of 256, state in PostgreSQL (fsync off)", full, await postgresState({ url })),
    await measure("segments of 1, state in PostgreSQL (fsync off)", alone, await postgresState({ url })),
  ];
}

interface Fleet {
  readonly keys: Readonly<Record<string, SigningKey>>;
  /** In the order that they come: each gateway in turn. */
  readonly messages: readonly { readonly gateway: string; readonly bytes: Uint8Array }[];
  readonly records: number;
}

async function fleetOf(records: number, segment: number): Promise<Fleet> {
  const contents = await bundles(GATEWAYS * records);
  const keys = Object.fromEntries(
    Array.from({ length: GATEWAYS }, (_, index) => [`gateway-${segment}-${index}`, keyOf(index)] as const),
  );
  const feeds = await Promise.all(
    Object.entries(keys).map(async ([gateway, key], index) => {
      const own = contents.slice(index * records, (index + 1) * records);
      const journal = new SealedJournal(gateway, key, chunks(own, segment));
      journal.commit();
      const segments = await journal.segments(1, records);
      return segments.map((one) => ({ gateway, bytes: encodeMessage(one, Encoding.deflate1) }));
    }),
  );
  const rounds = Array.from({ length: Math.ceil(records / segment) }, (_, round) => round);
  const messages = rounds.flatMap((round) => feeds.flatMap((feed) => feed.slice(round, round + 1)));
  return { keys, messages, records: GATEWAYS * records };
}

async function measure(what: string, { keys, messages, records }: Fleet, state: ReceiverState): Promise<Row> {
  const publicKeys = Object.entries(keys).map(([gateway, { publicKey }]) => [gateway, publicKey] as const);
  const receiving = new Receiver({
    keys: gatewayKeys(Object.fromEntries(publicKeys)),
    state,
    sinks: [{ hand: async () => [] }],
    platformKey: signingKey(PLATFORM_SEED),
  });
  const [began, used] = [seconds(), process.cpuUsage()];
  for (const { gateway, bytes } of messages) {
    const outcome = await receiving.receive(bytes, gateway);
    if (outcome.type !== "held") throw new Error(`${what}: ${outcome.type}`);
    receiving.sign(gateway, outcome.standing);
  }
  const rate = records / (seconds() - began);
  const { user, system } = process.cpuUsage(used);
  await state[Symbol.asyncDispose]();
  const each = (user + system) / 1_000 / messages.length;
  return {
    what: `one receiver by itself, ${what}`,
    value: rate,
    unit: "records/s",
    note: `${each.toFixed(2)} ms of CPU a segment, receipt included`,
  };
}
