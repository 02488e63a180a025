/** What no single field can see: names used twice, references to nothing, assignments that contradict each other. */
import type { Driver } from "../driver/define.ts";
import type { Path } from "./describe.ts";
import { say } from "./field.ts";
import { nearest } from "./nearest.ts";
import { describe } from "./problem.ts";
import type {
  AssignmentConfig,
  DestinationConfig,
  DeviceConfig,
  GatewayConfig,
  ReceiverSection,
  SinkConfig,
} from "./schema.ts";
import type { Finding } from "./validate.ts";

/** What the configuration's driver names are checked against. */
export type KnownDriver = Pick<Driver, "id" | "transport">;

/** In the order of a section; undefined stands for a name that is none. */
export type Names = readonly (string | undefined)[] | undefined;

/** What could be read: in a list, undefined stands for an item that is wrong by itself and has been complained about. */
export interface Sections {
  readonly links: GatewayConfig["links"] | undefined;
  readonly serial: readonly (GatewayConfig["links"]["serial"][number] | undefined)[];
  readonly devices: readonly (DeviceConfig | undefined)[];
  readonly assignments: readonly (AssignmentConfig | undefined)[];
  readonly destinations: readonly (DestinationConfig | undefined)[];
  readonly receiver: GatewayConfig["receiver"] | undefined;
  /** What the items are called, also those that are wrong otherwise; undefined where the section is no list. */
  readonly names: Readonly<Record<"devices" | "persons" | "destinations", Names>>;
}

export function crossCheck(sections: Sections, drivers: readonly KnownDriver[]): readonly Finding[] {
  const { links, serial, devices, assignments, destinations, receiver, names } = sections;
  return [
    ...twice("devices", names.devices, "address"),
    ...twice("persons", names.persons, "reference"),
    ...twice("destinations", names.destinations, "name"),
    ...twice(
      "links.badges",
      links?.badges?.map(({ name }) => name),
      "name",
    ),
    ...(links === undefined ? [] : anyLink(links)),
    ...each(serial, (one, index) => [
      ...unknownDriver(one.driver, ["links", "serial", index, "driver"], drivers, "serial"),
      ...unknownReference(one.device, ["links", "serial", index, "device"], names.devices),
    ]),
    ...each(devices, (device, index) =>
      device.driver === undefined ? [] : unknownDriver(device.driver, ["devices", index, "driver"], drivers),
    ),
    ...each(assignments, (assignment, index) => [
      ...unknownReference(assignment.device, ["assignments", index, "device"], names.devices),
      ...unknownReference(assignment.person, ["assignments", index, "person"], names.persons),
      ...emptyPeriod(assignment, index),
      ...overlaps(assignment, index, assignments),
    ]),
    ...each(destinations, (destination, index) => [
      ...tlsOf(destination, ["destinations", index]),
      ...proofOf(destination, ["destinations", index]),
    ]),
    ...(receiver === undefined ? [] : receiverFindings(receiver)),
  ];
}

function each<Item>(
  items: readonly (Item | undefined)[],
  check: (item: Item, index: number) => readonly Finding[],
): readonly Finding[] {
  return items.flatMap((item, index) => (item === undefined ? [] : check(item, index)));
}

function anyLink({ ble, serial, simulated }: GatewayConfig["links"]): readonly Finding[] {
  if (ble !== undefined || serial.length > 0 || simulated !== undefined) return [];
  return [
    {
      at: ["links"],
      found: say("aucune liaison", "no link"),
      expected: say("`ble`, `serial` ou `simulated`", "`ble`, `serial` or `simulated`"),
    },
  ];
}

function twice(section: string, names: Names, key: string): readonly Finding[] {
  return (names ?? []).flatMap((name, index) => {
    const first = names?.indexOf(name);
    if (name === undefined || first === index) return [];
    return [
      {
        at: [...section.split("."), index, key],
        found: say(`la même valeur que ${section}[${first}]`, `the same value as ${section}[${first}]`),
        expected: say("une valeur différente pour chacun", "a different value for each"),
      },
    ];
  });
}

/** @param known the names there are; one that cannot be read may be the one that is meant. */
function unknownReference(value: string, at: Path, known: Names): readonly Finding[] {
  if (known === undefined || known.includes(value) || known.includes(undefined)) return [];
  const section = at.at(-1) === "person" ? "persons" : "devices";
  return [
    {
      at,
      found: describe(value, at),
      expected: say(`une valeur qui figure sous \`${section}\``, `a value that stands under \`${section}\``),
    },
  ];
}

function unknownDriver(
  id: string,
  at: Path,
  drivers: readonly KnownDriver[],
  transport?: Driver["transport"],
): readonly Finding[] {
  const known = drivers.filter((one) => transport === undefined || one.transport === transport).map((one) => one.id);
  if (known.includes(id)) return [];
  const near = nearest(id, known);
  return [
    {
      at,
      found: say(`le pilote inconnu « ${id} »`, `the unknown driver "${id}"`),
      expected:
        near === undefined
          ? say(`un de ces pilotes : ${known.join(", ")}`, `one of these drivers: ${known.join(", ")}`)
          : say(`« ${near} »`, `"${near}"`),
    },
  ];
}

function emptyPeriod({ from, until }: AssignmentConfig, index: number): readonly Finding[] {
  if (until === undefined || from < until) return [];
  return [
    {
      at: ["assignments", index, "until"],
      found: say("une fin qui n'est pas après le début", "an end that is not after the beginning"),
      expected: say("un instant après `from`", "an instant after `from`"),
    },
  ];
}

/** A reading belongs to one person or to nobody: two assignments that could both cover it are refused. */
function overlaps(
  assignment: AssignmentConfig,
  index: number,
  all: readonly (AssignmentConfig | undefined)[],
): readonly Finding[] {
  const earlier = all.slice(0, index).findIndex((other) => other !== undefined && compete(assignment, other));
  if (earlier < 0) return [];
  return [
    {
      at: ["assignments", index],
      found: say(
        `une période qui recouvre celle de assignments[${earlier}]`,
        `a period that overlaps that of assignments[${earlier}]`,
      ),
      expected: say(
        "une seule personne à la fois par appareil et par utilisateur",
        "one person at a time per device and user slot",
      ),
    },
  ];
}

function compete(a: AssignmentConfig, b: AssignmentConfig): boolean {
  const sameUser = a.userSlot === undefined || b.userSlot === undefined || a.userSlot === b.userSlot;
  const end = (one: AssignmentConfig) => one.until ?? Number.POSITIVE_INFINITY;
  return a.device === b.device && sameUser && a.from < end(b) && b.from < end(a);
}

type Line = Pick<GatewayConfig["destinations"][number], "tls" | "url">;

function tlsOf({ tls, url }: Line, at: Path): readonly Finding[] {
  if (tls === undefined) return [];
  const inClear: Finding = {
    at: [...at, "url"],
    found: say("`tls` avec une adresse en clair", "`tls` with an address in clear"),
    expected: url.startsWith("mqtt") ? say("mqtts://hôte:port", "mqtts://host:port") : say("https://…", "https://…"),
  };
  const half: Finding = {
    at: [...at, "tls"],
    found:
      tls.cert === undefined
        ? say("`key` sans `cert`", "`key` without `cert`")
        : say("`cert` sans `key`", "`cert` without `key`"),
    expected: say("les deux, ou aucun", "both, or neither"),
  };
  return [
    ...(/^(?:mqtt|http):/.test(url) ? [inClear] : []),
    ...((tls.cert === undefined) === (tls.key === undefined) ? [] : [half]),
  ];
}

/** Without a key to sign with, the certificate is who the client is. */
function proofOf(one: GatewayConfig["destinations"][number] | SinkConfig, at: Path): readonly Finding[] {
  if (one.type !== "fhir" || one.oauth === undefined) return [];
  if (one.oauth.key !== undefined || one.tls?.cert !== undefined) return [];
  return [
    {
      at: [...at, "oauth"],
      found: say("ni `oauth.key` ni `tls.cert`", "neither `oauth.key` nor `tls.cert`"),
      expected: say("l'un des deux, qui prouve l'identité", "one of them, to prove the identity"),
    },
  ];
}

function receiverFindings({ mqtt, listen, state, sinks }: ReceiverSection): readonly Finding[] {
  return [
    ...(mqtt === undefined && listen === undefined ? [noFeed] : []),
    ...(mqtt === undefined ? [] : tlsOf(mqtt, ["receiver", "mqtt"])),
    ...(mqtt?.group === undefined || typeof state !== "string" ? [] : [unshared]),
    ...(mqtt?.group === undefined || mqtt.protocol === 5 ? [] : [sharedWithout5]),
    ...(listen === undefined || listen.tls !== undefined || LOOPBACK.includes(listen.host) ? [] : [heardInClear]),
    ...sinks.flatMap((sink, index) => [
      ...(sink.type === "fhir" ? tlsOf(sink, ["receiver", "sinks", index]) : []),
      ...proofOf(sink, ["receiver", "sinks", index]),
    ]),
  ];
}

const LOOPBACK: readonly string[] = ["127.0.0.1", "::1", "localhost"];

const noFeed: Finding = {
  at: ["receiver"],
  found: say("aucune entrée", "no way in"),
  expected: say("`mqtt`, `listen`, ou les deux", "`mqtt`, `listen`, or both"),
};

const unshared: Finding = {
  at: ["receiver", "state"],
  found: say("un fichier, avec `mqtt.group`", "a file, with `mqtt.group`"),
  expected: say(
    "{ postgres: … }, que plusieurs récepteurs partagent",
    "{ postgres: … }, which several receivers share",
  ),
};

const sharedWithout5: Finding = {
  at: ["receiver", "mqtt", "protocol"],
  found: say("4, avec `group`", "4, with `group`"),
  expected: say("5 : MQTT 3.1.1 ne partage pas", "5: MQTT 3.1.1 does not share"),
};

const heardInClear: Finding = {
  at: ["receiver", "listen", "host"],
  found: say("une adresse du réseau, sans `tls`", "an address of the network, without `tls`"),
  expected: say("`tls`, ou 127.0.0.1", "`tls`, or 127.0.0.1"),
};
