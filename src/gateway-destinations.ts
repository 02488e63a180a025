/** The part of the composition root that opens destinations. Each kind is loaded only where it is configured. */

import { readNamedText } from "./config/named-file.ts";
import type { DestinationConfig } from "./config/schema.ts";
import { readSecretText } from "./config/secret.ts";
import type { DeadLetters } from "./delivery/dead-letters.ts";
import type { Destination } from "./delivery/destination.ts";
import { routing } from "./delivery/route.ts";
import type { Withhold } from "./delivery/withhold.ts";
import type { DriverRegistry } from "./driver/registry.ts";
import type { Observe } from "./events.ts";
import type { GatewayIdentity } from "./fhir/port.ts";
import type { Journal } from "./journal/port.ts";
import type { Clock } from "./measure/time.ts";
import type { RegistryStore } from "./registry/store.ts";
import { keyRing, verifyingKey } from "./seal/key.ts";

export interface DestinationParts {
  readonly gateway: GatewayIdentity;
  readonly journal: Journal;
  readonly deadLetters: DeadLetters;
  readonly registry: RegistryStore;
  readonly drivers: DriverRegistry;
  readonly clock: Clock;
  readonly observe: Observe;
}

/** @throws the errors of the destination's secrets. A platform that is not there is no reason not to start. */
export function openDestination(config: DestinationConfig, parts: DestinationParts): Promise<Destination> {
  const { registry, clock } = parts;
  const withhold = routing({ destination: config.name, only: config.only, consent: registry, clock });
  switch (config.type) {
    case "mqtt":
      return openMqtt(config, parts, withhold);
    case "https":
      return openHttps(config, parts, withhold);
    case "fhir":
      return openFhir(config, parts, withhold);
  }
}

type Of<Type extends DestinationConfig["type"]> = Extract<DestinationConfig, { readonly type: Type }>;

async function openMqtt(config: Of<"mqtt">, { gateway, ...parts }: DestinationParts, withhold: Withhold) {
  const { openMqttDestination } = await import("./delivery/mqtt/destination.ts");
  const { journal, deadLetters, observe } = parts;
  const { name, url, protocol, clientId = gateway.id, platformKeys, window, username, password } = config;
  const tls = await tlsOf(config);
  return openMqttDestination({
    name,
    journal,
    deadLetters,
    observe,
    withhold,
    config: {
      url,
      version: protocol === 5 ? "5" : "3.1.1",
      clientId,
      address: { structure: gateway.structure.finess, gateway: gateway.id },
      platformKeys: keyRing(platformKeys.map((key) => verifyingKey(key))),
      window,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: await readSecretText(password) }),
      ...(tls === undefined ? {} : { tls }),
    },
  });
}

async function openHttps(config: Of<"https">, { gateway, ...parts }: DestinationParts, withhold: Withhold) {
  const { openHttpsDestination } = await import("./delivery/https/destination.ts");
  const { journal, deadLetters, observe } = parts;
  const { name, url, platformKeys } = config;
  const tls = await tlsOf(config);
  return openHttpsDestination({
    name,
    journal,
    deadLetters,
    observe,
    withhold,
    config: {
      url,
      gateway: gateway.id,
      platformKeys: keyRing(platformKeys.map((key) => verifyingKey(key))),
      ...(tls === undefined ? {} : { tls }),
    },
  });
}

async function openFhir(config: Of<"fhir">, parts: DestinationParts, withhold: Withhold) {
  const { openFhirDestination } = await import("./delivery/fhir/destination.ts");
  const { rendering } = await import("./delivery/fhir/render.ts");
  const { gateway, journal, deadLetters, registry, drivers, clock, observe } = parts;
  const { name, url, oauth, flavour, references, identity, source, editorOid, glucoseMoments, connections } = config;
  const tls = await tlsOf(config);
  const render = rendering(
    {
      flavour,
      identity,
      ...(references === undefined ? {} : { references }),
      ...(source === undefined ? {} : { source }),
      mes: {
        ...(editorOid === undefined ? {} : { editorOid }),
        ...(glucoseMoments === undefined ? {} : { glucoseMoments }),
      },
    },
    {
      gateway,
      person: (reference) => registry.state.persons.get(reference),
      specialization: (driver) => drivers.all.find(({ id }) => id === driver)?.specialization,
    },
  );
  return openFhirDestination({
    name,
    journal,
    deadLetters,
    observe,
    clock,
    withhold,
    render,
    config: {
      url,
      connections,
      ...(tls === undefined ? {} : { tls }),
      ...(oauth === undefined ? {} : { oauth: await readOAuth(oauth) }),
    },
  });
}

export async function readOAuth({ key, kid, ...rest }: NonNullable<Of<"fhir">["oauth"]>) {
  if (key === undefined) return rest;
  return { ...rest, assertion: { key: await readSecretText(key), ...(kid === undefined ? {} : { kid }) } };
}

/** The PEM files of a line's encryption and identity, read now: a file that is missing is said at the start. */
export async function tlsOf({ tls }: Pick<DestinationConfig, "tls">) {
  if (tls === undefined) return undefined;
  const { ca, cert, key } = tls;
  return {
    ...(ca === undefined ? {} : { ca: await readNamedText(ca) }),
    ...(cert === undefined ? {} : { cert: await readNamedText(cert) }),
    ...(key === undefined ? {} : { key: await readSecretText(key) }),
  };
}
