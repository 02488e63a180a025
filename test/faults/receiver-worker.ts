/**
 * A receiver in a process of its own, whose sink is a table: what a platform would run several of. It is only ever killed.
 * argv: a `Receiving` as JSON. Says `ready` on standard output when it has subscribed.
 */
import pg from "pg";
import {
  gatewayKeys,
  openMqttReceiver,
  postgresState,
  Receiver,
  type Sink,
  signingKey,
} from "../../src/receiver/index.ts";

export interface Receiving {
  readonly url: string;
  readonly clientId: string;
  readonly postgres: string;
  /** Public keys, in hex. */
  readonly gateways: Readonly<Record<string, string>>;
  /** The seed that receipts are signed with, in hex. */
  readonly platformSeed: string;
}

const { url, clientId, postgres, gateways, platformSeed }: Receiving = JSON.parse(process.argv[2] ?? "");
const pool = new pg.Pool({ connectionString: postgres });

/** Takes a record once, by its id, however often it is handed over; and counts how often it was. */
const sink: Sink = {
  async hand({ gateway, records }) {
    await pool.query(
      `INSERT INTO handed(id, gateway, seq) SELECT unnest($1::bytea[]), $2, unnest($3::bigint[])
       ON CONFLICT (id) DO UPDATE SET times = handed.times + 1`,
      [records.map(({ id }) => Buffer.from(id)), gateway, records.map(({ seq }) => seq)],
    );
    return [];
  },
};

const keys = Object.entries(gateways).map(([gateway, key]) => [gateway, Buffer.from(key, "hex")] as const);
const receiver = new Receiver({
  keys: gatewayKeys(Object.fromEntries(keys)),
  state: await postgresState({ url: postgres }),
  sinks: [sink],
  platformKey: signingKey(Buffer.from(platformSeed, "hex")),
});
const feed = openMqttReceiver({ receiver, config: { url, version: "5", clientId, sharedGroup: "platform" } });
await feed.ready;
process.stdout.write("ready\n");
