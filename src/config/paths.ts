/** Relative paths of a configuration, taken from the folder of its file. */
import { resolve } from "node:path";
import type { GatewayConfig, ReceiverConfig, SecretSource } from "./schema.ts";

/** The same configuration with every path absolute. @param folder where the file is. */
export function resolvePaths<Config extends GatewayConfig | ReceiverConfig>(config: Config, folder: string): Config {
  const { journal, links, destinations, receiver } = config;
  const secret = (source: SecretSource): SecretSource =>
    "file" in source ? { file: resolve(folder, source.file) } : source;
  const broker = <Broker extends BrokerPaths>(one: Broker): Broker => ({
    ...one,
    ...(one.tls === undefined ? {} : { tls: resolveTls(one.tls) }),
    ...(one.password === undefined ? {} : { password: secret(one.password) }),
  });
  const resolveTls = ({ ca, cert, key }: NonNullable<BrokerPaths["tls"]>) => ({
    ...(ca === undefined ? {} : { ca: resolve(folder, ca) }),
    ...(cert === undefined ? {} : { cert: resolve(folder, cert) }),
    ...(key === undefined ? {} : { key: secret(key) }),
  });
  const resolveReceiver = (receiver: ReceiverConfig["receiver"]) => ({
    ...broker(receiver),
    signingKey: secret(receiver.signingKey),
    state: resolve(folder, receiver.state),
  });
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
    ...(destinations === undefined ? {} : { destinations: destinations.map(broker) }),
    ...(receiver === undefined ? {} : { receiver: resolveReceiver(receiver) }),
  };
}

type BrokerPaths = Pick<GatewayConfig["destinations"][number], "tls" | "password">;
