import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { KnownDriver } from "../../src/config/cross-check.ts";
import {
  loadAnyConfig,
  loadGatewayConfig,
  loadReceiverConfig,
  type Parsed,
  parseGatewayConfig,
  parseReceiverConfig,
} from "../../src/config/load.ts";
import { formatProblem, InvalidConfig } from "../../src/config/problem.ts";
import { wallMs } from "../../src/measure/time.ts";

const drivers: readonly KnownDriver[] = [
  { id: "gatt-blood-pressure", transport: "ble" },
  { id: "scale-line", transport: "serial" },
];
const repository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const whole = `
gateway:
  id: ehpad-1
  structure: { finess: "750000001", name: EHPAD }
journal:
  path: journal
  key: { credential: journal-key }
  signingKey: { file: secrets/signing.key }
links:
  ble: {}
  serial:
    - { path: /dev/vigie/balance, driver: scale-line, device: balance-1 }
devices:
  - { address: "AA:BB:CC:DD:EE:FF", label: Tensiomètre }
  - { address: balance-1, label: Balance }
persons:
  - { reference: r-12, system: "urn:oid:1.2.3", label: Chambre 12 }
  - { reference: r-14, system: "urn:oid:1.2.3", label: Chambre 14 }
assignments:
  - { device: balance-1, person: r-12, from: 2026-01-05T08:00:00+01:00, until: 2026-02-05T08:00:00+01:00 }
  - { device: balance-1, person: r-14, from: 2026-02-05T08:00:00+01:00 }
destinations:
  - name: coordination
    type: mqtt
    url: mqtts://mqtt.example:8883
    platformKeys: ["${"ab".repeat(32)}"]
`;

/** The whole file with some of its text replaced. */
const but = (from: string | RegExp, to: string) => {
  const text = whole.replace(from, to);
  expect(text, `${from} is in the file`).not.toBe(whole);
  return text;
};

function configOf<Config>(parsed: Parsed<Config>): Config {
  if ("config" in parsed) return parsed.config;
  throw new Error(parsed.problems.map((problem) => formatProblem("vigie.yaml", problem)).join("\n"));
}

const problemsOf = (text: string) => {
  const parsed = parseGatewayConfig(text, drivers);
  return "problems" in parsed ? parsed.problems : [];
};
/** One line per problem, in English. */
const told = (text: string) =>
  problemsOf(text).map(({ path, line, found, expected }) => `${line} ${path}: ${found.en} | ${expected.en}`);

describe("a correct configuration", () => {
  test("is read with its defaults, its instants and its keys as bytes", () => {
    const config = configOf(parseGatewayConfig(whole, drivers));
    expect(config.gateway.timeZone).toBe("Europe/Paris");
    expect(config.links.ble).toEqual({ adapter: "hci0", discover: true });
    const platformKeys = [new Uint8Array(32).fill(0xab)];
    expect(config.destinations[0]).toMatchObject({ protocol: 5, window: 32, platformKeys });
    expect(config.assignments[0]?.from).toBe(wallMs(Date.parse("2026-01-05T07:00:00Z")));
    expect(config.clock.trust).toBe("timesync");
    expect(config.log.level).toBe("info");
  });

  test.each(["config/vigie.yaml", "config/demo.yaml"])("%s is one", async (file) => {
    await expect(loadGatewayConfig(repository(file), [...drivers])).resolves.toHaveProperty("gateway.id");
  });

  test("config/receiver.yaml is one, for the platform's side", async () => {
    await expect(loadReceiverConfig(repository("config/receiver.yaml"), drivers)).resolves.toHaveProperty(
      "receiver.sinks",
      [{ type: "stdout" }],
    );
    await expect(loadAnyConfig(repository("config/receiver.yaml"), drivers)).resolves.toHaveProperty(
      "receiver.mqtt.protocol",
      5,
    );
  });

  test("has its relative paths taken from the file's folder, and its absolute ones left alone", async () => {
    const { journal } = await loadGatewayConfig(repository("config/demo.yaml"), drivers);
    expect(journal.path).toBe(repository("var/demo/journal"));
    expect(journal.signingKey).toEqual({ file: repository("var/demo/signing.key") });
    const standard = await loadGatewayConfig(repository("config/vigie.yaml"), drivers);
    expect(standard.journal.path).toBe("/var/lib/vigie/journal");
    expect(standard.journal.key).toEqual({ credential: "journal-key" });
  });

  test("may hold the receiver's section for both commands, or that section alone for one", () => {
    const receiver = `
receiver:
  mqtt: { url: mqtt://127.0.0.1:1883 }
  signingKey: { file: platform.key }
  gateways: { ehpad-1: "${"cd".repeat(32)}" }
`;
    const section = configOf(parseGatewayConfig(whole + receiver, drivers)).receiver;
    expect(section).toMatchObject({ sinks: [{ type: "stdout" }], state: "receiver.db", silentAfterMinutes: 15 });
    const gateways = { inline: { "ehpad-1": new Uint8Array(32).fill(0xcd) } };
    expect(configOf(parseReceiverConfig(whole + receiver, drivers)).receiver.gateways).toEqual(gateways);
    expect(configOf(parseReceiverConfig(receiver, drivers)).receiver.mqtt?.protocol).toBe(5);
    expect("problems" in parseReceiverConfig(whole, drivers)).toBe(true);
  });
});

describe("a receiver's configuration", () => {
  const receiver = (lines: string, gateways = `{ ehpad-1: "${"cd".repeat(32)}" }`) => `
receiver:
  signingKey: { file: platform.key }
  gateways: ${gateways}
  ${lines}
`;
  const listen = "listen: { host: 0.0.0.0, port: 8443, tls: { cert: a.pem, key: { file: a.key }, clientCa: ca.pem } }";

  test("takes the feed by HTTPS alone, and hands it to several sinks", () => {
    const sinks = `sinks:
    - { type: fhir, url: "https://fhir.example/r4", connections: 2 }
    - { type: postgres, url: "postgresql://vigie@db.example/health?sslmode=verify-full", password: { file: pg.key } }`;
    const state = `state: { postgres: { url: "postgresql:///vigie?host=/run/postgresql" } }`;
    const { receiver: read } = configOf(
      parseReceiverConfig(receiver(`${listen}\n  ${sinks}\n  ${state}`, "{ folder: gateways }"), drivers),
    );
    expect(read).toMatchObject({
      listen: { path: "/", port: 8443 },
      gateways: { folder: "gateways" },
      sinks: [{ connections: 2 }, { password: { file: "pg.key" } }],
    });
  });

  test.each([
    [
      "half an identity",
      "mqtt: { url: mqtts://a.example, tls: { cert: a.pem } }",
      "receiver.mqtt.tls",
      "`cert` without",
    ],
    ["no way in", "sinks: [{ type: stdout }]", "receiver", "no way in"],
    ["HTTP in clear on the network", "listen: { host: 0.0.0.0, port: 80 }", "receiver.listen.host", "without `tls`"],
    [
      "a group with a file",
      `mqtt: { url: mqtts://a.example, group: g }`,
      "receiver.state",
      "a file, with `mqtt.group`",
    ],
    [
      "a group with MQTT 3.1.1",
      "mqtt: { url: mqtts://a.example, group: g, protocol: 4 }\n  state: { postgres: { url: postgresql:///vigie } }",
      "receiver.mqtt.protocol",
      "4, with `group`",
    ],
    [
      "a database on the network in clear",
      `${listen}\n  sinks: [{ type: postgres, url: "postgresql://vigie@db.example/health" }]`,
      "receiver.sinks[0].url",
      "a text of",
    ],
    [
      "a database's password in its address",
      `${listen}\n  sinks: [{ type: postgres, url: "postgresql://vigie:secret@localhost/health" }]`,
      "receiver.sinks[0].url",
      "a text of",
    ],
    [
      "OAuth without a proof",
      `${listen}\n  sinks: [{ type: fhir, url: "https://f.example", oauth: { tokenUrl: "https://f.example/t", clientId: a } }]`,
      "receiver.sinks[0].oauth",
      "neither `oauth.key` nor `tls.cert`",
    ],
    ["no sink", `${listen}\n  sinks: []`, "receiver.sinks", "a list"],
    ["the key of before", "url: mqtts://a.example", "receiver.url", 'the unknown key "url"'],
  ])("is refused: %s", (_name, lines, path, found) => {
    const parsed = parseReceiverConfig(receiver(lines), drivers);
    const problems = "problems" in parsed ? parsed.problems : [];
    expect(problems).toContainEqual(
      expect.objectContaining({ path, found: expect.objectContaining({ en: expect.stringContaining(found) }) }),
    );
  });

  test("is refused: a gateway's name that is none", () => {
    const text = receiver(listen, `{ EHPAD_1: "${"cd".repeat(32)}" }`);
    expect(parseReceiverConfig(text, drivers)).toMatchObject({
      problems: [{ path: "receiver.gateways.EHPAD_1", found: { en: 'the name "EHPAD_1"' } }],
    });
  });
});

describe("a wrong configuration", () => {
  test("is told all its problems at once, in the order of its lines", () => {
    const text = but("id: ehpad-1", "id: EHPAD 1")
      .replace("label: Balance }", "lable: Balance }")
      .replace("scale-line", "scale-lime")
      .replace("person: r-14", "person: r-15")
      .replace("mqtts://", "mqtt://");
    expect(told(text)).toEqual([
      '3 gateway.id: "EHPAD 1" | 1 to 40 unaccented lower-case letters, digits or hyphens',
      '12 links.serial[0].driver: the unknown driver "scale-lime" | "scale-line"',
      "15 devices[1].label: nothing | a text of 1 to 80 characters",
      '15 devices[1].lable: the unknown key "lable" | "label"',
      "21 assignments[1].person: a text of 4 character(s) | a value that stands under `persons`",
      "25 destinations[0].url: a text of 24 character(s) | mqtts://host:port, without a password (mqtt:// only to 127.0.0.1)",
    ]);
  });

  test("a slip in one item hides nothing that is known of the others, and no name that cannot be read is guessed at", () => {
    const text = but("label: Balance }", "lable: Balance }")
      .replace("person: r-14", "person: r-15")
      .replace("- { device: balance-1, person: r-12", "- { device: balance-2, person: r-12");
    expect(told(text).filter((line) => line.includes("assignments"))).toEqual([
      "20 assignments[0].device: a text of 9 character(s) | a value that stands under `devices`",
      "21 assignments[1].person: a text of 4 character(s) | a value that stands under `persons`",
    ]);
    const unread = but("reference: r-12", "referense: r-12").replace("person: r-14", "person: r-15");
    expect(told(unread).filter((line) => line.includes("assignments"))).toEqual([]);
  });

  test("says each problem in French first", () => {
    const [problem] = problemsOf(but("id: ehpad-1", "id: 7"));
    expect(problem && formatProblem("vigie.yaml", problem)).toBe(
      [
        "vigie.yaml:3  gateway.id",
        "  trouvé : 7 · attendu : 1 à 40 minuscules sans accent, chiffres ou tirets",
        "  found: 7 · expected: 1 to 40 unaccented lower-case letters, digits or hyphens",
      ].join("\n"),
    );
  });

  test.each([
    ["a top-level key", but("devices:", "devises:"), '"devices"'],
    ["a key of a list's item", but("platformKeys:", "platformKey:"), '"platformKeys"'],
    ["a key inside a union", but("{ file: secrets", "{ fille: secrets"), "{ credential: name } or { file: path }"],
  ])("an unknown key is named with the nearest known one: %s", (_name, text, near) => {
    expect(told(text).join("\n")).toContain(near);
  });

  test.each([
    [
      "two assignments that cover the same time",
      but("2026-02-05T08:00:00+01:00 }\ndest", "2026-02-01T08:00:00+01:00 }\ndest"),
      "overlaps that of assignments[0]",
    ],
    [
      "an assignment of all slots beside one of a slot",
      but("person: r-14, from: 2026-02", "person: r-14, userSlot: 2, from: 2026-01"),
      "overlaps",
    ],
    [
      "an assignment that ends before it begins",
      but("until: 2026-02", "until: 2025-02"),
      "an end that is not after the beginning",
    ],
    [
      "an assignment of a device nobody listed",
      but("- { device: balance-1, person: r-12", "- { device: balance-2, person: r-12"),
      "a value that stands under `devices`",
    ],
    ["one address twice", but('"AA:BB:CC:DD:EE:FF"', "balance-1"), "the same value as devices[0]"],
    [
      "a serial port with a Bluetooth driver",
      but("driver: scale-line", "driver: gatt-blood-pressure"),
      "one of these drivers: scale-line",
    ],
    ["no link at all", but(/ {2}ble: [\s\S]*?devices:/, "  serial: []\ndevices:"), "no link"],
    [
      "a client certificate without its key",
      but("url: mqtts", "tls: { cert: a.pem }\n    url: mqtts"),
      "`cert` without `key`",
    ],
    [
      "TLS beside an address in clear",
      but("url: mqtts://mqtt.example:8883", "tls: { ca: a.pem }\n    url: mqtt://127.0.0.1"),
      "mqtts://host:port",
    ],
    ["a readable broker in clear", but("mqtts://mqtt.example:8883", "mqtt://10.0.0.1:1883"), "only to 127.0.0.1"],
    ["a FINESS without quotes", but('"750000001"', "750000001"), "in quotes"],
    [
      "a time without its offset",
      but("2026-01-05T08:00:00+01:00", "2026-01-05T08:00:00"),
      "like 2026-01-05T08:00:00+01:00",
    ],
    ["a zone that is in no table", but("  structure", "  timeZone: Europe/Pari\n  structure"), "an IANA time zone"],
    ["an unknown type of destination", but("type: mqtt", "type: mqqt"), "destinations[0].type"],
    ["a window too wide", but("type: mqtt", "type: mqtt\n    window: 65"), "a whole number from 1 to 64"],
    ["a key given twice", but("  ble: {}", "  ble: {}\n  ble: {}"), "a correct YAML file"],
    ["text that is no YAML", "gateway: [", "a correct YAML file"],
    ["an empty file", "", "an empty file"],
    ["a list instead of a mapping", "- a\n- b", "a mapping"],
    ["aliases that would explode", billionLaughs(), "a correct YAML file"],
    ["a file of another kind", `x: "${"a".repeat(1024 * 1024)}"`, "a correct YAML file"],
  ])("%s is refused", (_name, text, message) => {
    expect(told(text).join("\n")).toContain(message);
  });

  test.each([
    ["a NIR as a person's reference", but("reference: r-12", 'reference: "180127512345678"')],
    ["a NIR from Corsica", but("reference: r-12", 'reference: "180122A12345678"')],
    ["the INS as the system", but('"urn:oid:1.2.3"', '"urn:oid:1.2.250.1.213.1.4.8"')],
  ])("%s is refused: an identity is no reference", (_name, text) => {
    expect(told(text).join("\n")).toMatch(/never a NIR|other than the INS/);
  });

  test("a key file that is taken for a configuration is not repeated", () => {
    const key = "0123456789abcdef".repeat(4);
    expect(told(key).join("\n")).toContain("a text of 64 character(s)");
    expect(told(key).join("\n")).not.toContain("01234567");
  });

  test("messages never repeat a secret, a reference or an address", () => {
    const text = but("{ file: secrets/signing.key }", "correct-horse-battery")
      .replace("reference: r-12", 'reference: "180127512345678"')
      .replace('"AA:BB:CC:DD:EE:FF"', '"aa:bb:cc:dd:ee:01"')
      .replace("mqtts://mqtt", "mqtts://user:hunter2@mqtt")
      .replace("type: mqtt", "type: mqtt\n    password: swordfish");
    const messages = problemsOf(text).map((problem) => formatProblem("vigie.yaml", problem));
    expect(messages).toHaveLength(5);
    expect(messages.join("\n")).not.toMatch(/correct-horse|180127512345678|aa:bb|hunter2|swordfish|r-12/);
  });

  test("ends as CONFIG_INVALID with all problems; a missing file as CONFIG_UNREADABLE", async () => {
    const error: unknown = await loadAnyConfig(repository("package.json"), drivers).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidConfig);
    expect(error).toMatchObject({ code: "CONFIG_INVALID", exit: 78 });
    await expect(loadGatewayConfig(repository("config/none.yaml"), drivers)).rejects.toMatchObject({
      code: "CONFIG_UNREADABLE",
      exit: 66,
    });
  });
});

/** Each level holds the one below nine times: nine levels would be 9^9 items. */
function billionLaughs(): string {
  const levels = Array.from(
    { length: 9 },
    (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join(", ")}]`,
  );
  return ["a0: &a0 [x]", ...levels].join("\n");
}
