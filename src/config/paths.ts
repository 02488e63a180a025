/** Relative paths of a configuration, taken from the folder of its file. */
import { resolve } from "node:path";
import type {
  DestinationConfig,
  GatewayConfig,
  ReceiverConfig,
  ReceiverSection,
  SecretSource,
  SinkConfig,
} from "./schema.ts";

/** The same configuration with every path absolute. @param folder where the file is. */
export function resolvePaths<Config extends GatewayConfig | ReceiverConfig>(config: Config, folder: string): Config {
  const { journal, links, destinations, receiver } = config;
  const secret = (source: SecretSource): SecretSource =>
    "file" in source ? { file: resolve(folder, source.file) } : source;
  const line = <Line extends LinePaths>(one: Line): Line => ({
    ...one,
    ...(one.tls === undefined ? {} : { tls: resolveTls(one.tls) }),
  });
  const database = <One extends Pick<BrokerPaths, "password">>(one: One): One => ({
    ...one,
    ...(one.password === undefined ? {} : { password: secret(one.password) }),
  });
  const broker = <Broker extends BrokerPaths>(one: Broker): Broker => database(line(one));
  const fhir = <Server extends FhirPaths>(one: Server): Server => {
    const { oauth } = one;
    const key = oauth?.key === undefined ? {} : { key: secret(oauth.key) };
    return { ...line(one), ...(oauth === undefined ? {} : { oauth: { ...oauth, ...key } }) };
  };
  const destination = (one: DestinationConfig): DestinationConfig => {
    switch (one.type) {
      case "mqtt":
        return broker(one);
      case "https":
        return line(one);
      case "fhir":
        return fhir(one);
    }
  };
  const sink = (one: SinkConfig): SinkConfig => {
    switch (one.type) {
      case "stdout":
        return one;
      case "postgres":
        return database(one);
      case "fhir":
        return fhir(one);
    }
  };
  const resolveTls = ({ ca, cert, key }: NonNullable<LinePaths["tls"]>) => ({
    ...(ca === undefined ? {} : { ca: resolve(folder, ca) }),
    ...(cert === undefined ? {} : { cert: resolve(folder, cert) }),
    ...(key === undefined ? {} : { key: secret(key) }),
  });
  const resolveReceiver = (receiver: ReceiverSection): ReceiverSection => {
    const { mqtt, listen, gateways, state } = receiver;
    return {
      ...receiver,
      ...(mqtt === undefined ? {} : { mqtt: broker(mqtt) }),
      ...(listen === undefined ? {} : { listen: resolveListen(listen) }),
      signingKey: secret(receiver.signingKey),
      gateways: resolveGateways(gateways),
      state: typeof state === "string" ? resolve(folder, state) : { postgres: database(state.postgres) },
      sinks: receiver.sinks.map(sink),
    };
  };
  const resolveListen = (listen: NonNullable<ReceiverSection["listen"]>) => {
    const { tls } = listen;
    if (tls === undefined) return listen;
    const { cert, key, clientCa } = tls;
    return { ...listen, tls: { cert: resolve(folder, cert), key: secret(key), clientCa: resolve(folder, clientCa) } };
  };
  const resolveGateways = (gateways: ReceiverSection["gateways"]): ReceiverSection["gateways"] => {
    if ("file" in gateways) return { file: resolve(folder, gateways.file) };
    if ("folder" in gateways) return { folder: resolve(folder, gateways.folder) };
    return gateways;
  };
  return {
    ...config,
    ...(journal === undefined
      ? {}
      : {
          journal: {
            ...journal,
            path: resolve(folder, journal.path),
            key: secret(journal.key),
            signingKey: secret(journal.signingKey),
          },
        }),
    ...(links?.simulated === undefined
      ? {}
      : {
          links: {
            ...links,
            simulated: { ...links.simulated, scenario: resolve(folder, links.simulated.scenario) },
          },
        }),
    ...(destinations === undefined ? {} : { destinations: destinations.map(destination) }),
    ...(receiver === undefined ? {} : { receiver: resolveReceiver(receiver) }),
  };
}

type LinePaths = Pick<DestinationConfig, "tls">;
type BrokerPaths = Pick<NonNullable<ReceiverSection["mqtt"]>, "tls" | "password">;
type FhirPaths = Pick<Extract<SinkConfig, { readonly type: "fhir" }>, "tls" | "oauth">;
