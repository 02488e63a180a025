/** Relative paths of a configuration, taken from the folder of its file. */
import { resolve } from "node:path";
import type { DestinationConfig, GatewayConfig, ReceiverConfig, SecretSource } from "./schema.ts";

/** The same configuration with every path absolute. @param folder where the file is. */
export function resolvePaths<Config extends GatewayConfig | ReceiverConfig>(config: Config, folder: string): Config {
  const { journal, links, destinations, receiver } = config;
  const secret = (source: SecretSource): SecretSource =>
    "file" in source ? { file: resolve(folder, source.file) } : source;
  const line = <Line extends LinePaths>(one: Line): Line => ({
    ...one,
    ...(one.tls === undefined ? {} : { tls: resolveTls(one.tls) }),
  });
  const broker = <Broker extends BrokerPaths>(one: Broker): Broker => ({
    ...line(one),
    ...(one.password === undefined ? {} : { password: secret(one.password) }),
  });
  const destination = (one: DestinationConfig): DestinationConfig => {
    switch (one.type) {
      case "mqtt":
        return broker(one);
      case "https":
        return line(one);
      case "fhir": {
        const { oauth } = one;
        const key = oauth?.key === undefined ? {} : { key: secret(oauth.key) };
        return { ...line(one), ...(oauth === undefined ? {} : { oauth: { ...oauth, ...key } }) };
      }
    }
  };
  const resolveTls = ({ ca, cert, key }: NonNullable<LinePaths["tls"]>) => ({
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
    ...(destinations === undefined ? {} : { destinations: destinations.map(destination) }),
    ...(receiver === undefined ? {} : { receiver: resolveReceiver(receiver) }),
  };
}

type LinePaths = Pick<DestinationConfig, "tls">;
type BrokerPaths = Pick<ReceiverConfig["receiver"], "tls" | "password">;
