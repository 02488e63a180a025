/** What no single field can see: names used twice, references to nothing, assignments that contradict each other. */
import type { Driver } from "../driver/define.ts";
import type { Path } from "./describe.ts";
import { say } from "./field.ts";
import { nearest } from "./nearest.ts";
import { describe } from "./problem.ts";
import type { AssignmentConfig, GatewayConfig } from "./schema.ts";
import type { Finding } from "./validate.ts";

/** What the configuration's driver names are checked against. */
export type KnownDriver = Pick<Driver, "id" | "transport">;

/** The sections that could be read; the others have been complained about already. */
export type Sections = {
  readonly [Section in "links" | "devices" | "persons" | "assignments" | "destinations" | "receiver"]:
    | GatewayConfig[Section]
    | undefined;
};

export function crossCheck(sections: Sections, drivers: readonly KnownDriver[]): readonly Finding[] {
  const { links, devices, persons, assignments, destinations, receiver } = sections;
  return [
    ...twice("devices", devices, "address"),
    ...twice("persons", persons, "reference"),
    ...twice("destinations", destinations, "name"),
    ...twice("links.badges", links?.badges, "name"),
    ...(links === undefined ? [] : anyLink(links)),
    ...(links?.serial ?? []).flatMap((serial, index) => [
      ...unknownDriver(serial.driver, ["links", "serial", index, "driver"], drivers, "serial"),
      ...unknownReference(
        serial.device,
        ["links", "serial", index, "device"],
        devices?.map((one) => one.address),
      ),
    ]),
    ...(devices ?? []).flatMap((device, index) =>
      device.driver === undefined ? [] : unknownDriver(device.driver, ["devices", index, "driver"], drivers),
    ),
    ...(assignments ?? []).flatMap((assignment, index) => [
      ...unknownReference(
        assignment.device,
        ["assignments", index, "device"],
        devices?.map((one) => one.address),
      ),
      ...unknownReference(
        assignment.person,
        ["assignments", index, "person"],
        persons?.map((one) => one.reference),
      ),
      ...emptyPeriod(assignment, index),
      ...overlaps(assignment, index, assignments ?? []),
    ]),
    ...(destinations ?? []).flatMap((destination, index) => [
      ...tlsOf(destination, ["destinations", index]),
      ...proofOf(destination, ["destinations", index]),
    ]),
    ...(receiver === undefined ? [] : tlsOf(receiver, ["receiver"])),
  ];
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

function twice<Key extends string>(
  section: string,
  items: readonly Record<Key, string>[] | undefined,
  key: Key,
): readonly Finding[] {
  return (items ?? []).flatMap((item, index) => {
    const first = (items ?? []).findIndex((other) => other[key] === item[key]);
    if (first === index) return [];
    return [
      {
        at: [...section.split("."), index, key],
        found: say(`la même valeur que ${section}[${first}]`, `the same value as ${section}[${first}]`),
        expected: say("une valeur différente pour chacun", "a different value for each"),
      },
    ];
  });
}

function unknownReference(value: string, at: Path, known: readonly string[] | undefined): readonly Finding[] {
  if (known === undefined || known.includes(value)) return [];
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
function overlaps(assignment: AssignmentConfig, index: number, all: readonly AssignmentConfig[]): readonly Finding[] {
  const earlier = all.slice(0, index).findIndex((other) => compete(assignment, other));
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

/** Without a key to sign with, the certificate is who the gateway is. */
function proofOf(destination: GatewayConfig["destinations"][number], at: Path): readonly Finding[] {
  if (destination.type !== "fhir" || destination.oauth === undefined) return [];
  if (destination.oauth.key !== undefined || destination.tls?.cert !== undefined) return [];
  return [
    {
      at: [...at, "oauth"],
      found: say("ni `oauth.key` ni `tls.cert`", "neither `oauth.key` nor `tls.cert`"),
      expected: say("l'un des deux, qui prouve l'identité", "one of them, to prove the identity"),
    },
  ];
}
