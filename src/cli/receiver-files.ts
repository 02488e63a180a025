/** All that `vigie receive` reads before it opens anything: whatever is wrong with a file is told while nothing is changed. */
import { readNamedText } from "../config/named-file.ts";
import type { ReceiverSection, SinkConfig } from "../config/schema.ts";
import { readKey, readSecretText } from "../config/secret.ts";
import { readOAuth, tlsOf } from "../gateway-destinations.ts";
import {
  assertUsable,
  type FhirSinkConfig,
  type GatewayDirectory,
  gatewayKeys,
  type HttpReceiverParts,
  type MqttReceiverConfig,
  openDirectory,
  type PostgresPlace,
  type ReceiverEvent,
  type SigningKey,
  signingKey,
} from "../receiver/index.ts";

export interface ReceiverFiles {
  readonly platformKey: SigningKey;
  readonly directory: GatewayDirectory;
  /** A file of SQLite, or a database. */
  readonly state: string | PostgresPlace;
  readonly sinks: readonly SinkPlan[];
  readonly mqtt: MqttReceiverConfig | undefined;
  readonly http: Pick<HttpReceiverParts, "listen" | "tls"> | undefined;
}

/** A sink of which everything is known but whether it is there. */
export type SinkPlan =
  | { readonly type: "stdout" }
  | { readonly type: "fhir"; readonly config: FhirSinkConfig }
  | { readonly type: "postgres"; readonly place: PostgresPlace };

/** @throws the errors of secrets, keys, certificates and of the directory of gateways. */
export async function readReceiverFiles(
  config: ReceiverSection,
  observe: (event: ReceiverEvent) => void,
): Promise<ReceiverFiles> {
  const { state, sinks, mqtt, listen } = config;
  const plans: SinkPlan[] = [];
  for (const sink of sinks) plans.push(await planOf(sink));
  return {
    platformKey: signingKey(await readKey(config.signingKey)),
    state: typeof state === "string" ? state : await placeOf(state.postgres),
    sinks: plans,
    mqtt: mqtt === undefined ? undefined : await mqttOf(mqtt),
    http: listen === undefined ? undefined : await httpOf(listen),
    // Last, because it is looked after from here on.
    directory: await directoryOf(config.gateways, observe),
  };
}

async function planOf(sink: SinkConfig): Promise<SinkPlan> {
  switch (sink.type) {
    case "stdout":
      return { type: "stdout" };
    case "postgres":
      return { type: "postgres", place: await placeOf(sink) };
    case "fhir": {
      const { url, connections, oauth } = sink;
      const tls = await tlsOf(sink);
      const material = tls === undefined ? {} : { tls };
      const tokens = oauth === undefined ? {} : { oauth: await readOAuth(oauth) };
      return { type: "fhir", config: { url, connections, ...material, ...tokens } };
    }
  }
}

type Database = Pick<Extract<SinkConfig, { readonly type: "postgres" }>, "url" | "password">;

async function placeOf({ url, password }: Database): Promise<PostgresPlace> {
  return { url, ...(password === undefined ? {} : { password: await readSecretText(password) }) };
}

async function mqttOf(config: NonNullable<ReceiverSection["mqtt"]>): Promise<MqttReceiverConfig> {
  const { url, protocol, clientId = "vigie-receiver", username, password, structure, group } = config;
  const tls = await tlsOf(config);
  return {
    url,
    version: protocol === 5 ? "5" : "3.1.1",
    clientId,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: await readSecretText(password) }),
    ...(tls === undefined ? {} : { tls }),
    ...(structure === undefined ? {} : { structure }),
    ...(group === undefined ? {} : { sharedGroup: group }),
  };
}

async function httpOf({ tls, ...listen }: NonNullable<ReceiverSection["listen"]>) {
  if (tls === undefined) return { listen };
  const { cert, key, clientCa } = tls;
  const material = {
    cert: await readNamedText(cert),
    key: await readSecretText(key),
    ca: await readNamedText(clientCa),
  };
  assertUsable(material);
  return { listen, tls: material };
}

async function directoryOf(
  gateways: ReceiverSection["gateways"],
  observe: (event: ReceiverEvent) => void,
): Promise<GatewayDirectory> {
  if (!("inline" in gateways)) return openDirectory(gateways, { observe });
  return {
    keys: gatewayKeys(gateways.inline),
    gateways: () => Object.keys(gateways.inline),
    refresh: async () => false,
    [Symbol.dispose]: () => undefined,
  };
}
