import { describe, expect, test } from "vitest";
import { parseGatewayConfig } from "../../src/config/load.ts";
import { resolvePaths } from "../../src/config/paths.ts";

const drivers = [{ id: "scale-line", transport: "serial" }] as const;
const key = "ab".repeat(32);
const fhir = 'name: dossier, type: fhir, url: "https://fhir.example/r4"';
const https = `name: secours, type: https, url: "https://platform.example/segments", platformKeys: ["${key}"]`;

const parsed = (destination: string) =>
  parseGatewayConfig(
    `
gateway: { id: ehpad-1, structure: { finess: "750000001", name: EHPAD } }
journal: { path: journal, key: { credential: journal-key }, signingKey: { credential: signing-key } }
links: { ble: {} }
destinations:
  - { ${destination} }
`,
    drivers,
  );
const told = (destination: string) => {
  const outcome = parsed(destination);
  return "problems" in outcome
    ? outcome.problems.map(({ path, found, expected }) => `${path}: ${found.en} | ${expected.en}`)
    : [];
};

describe("destinations over HTTPS", () => {
  test("have their defaults, and their paths from the file's folder", () => {
    const outcome = parsed(
      `${fhir}, oauth: { tokenUrl: "https://auth.example", clientId: me, key: { file: oauth.pem } }`,
    );
    if ("problems" in outcome) throw new Error("not a configuration");
    expect(resolvePaths(outcome.config, "/etc/vigie").destinations[0]).toMatchObject({
      flavour: "platform",
      identity: "opaque",
      connections: 4,
      oauth: { key: { file: "/etc/vigie/oauth.pem" } },
    });
  });

  test.each([
    https,
    fhir,
    `${fhir}, flavour: mes, editorOid: 1.2.250.1.999, references: literal, source: "urn:oid:1.2.250.1.999"`,
    `${https}, only: { kinds: [glucose], devices: ["AA:BB:CC:DD:EE:FF"], persons: [r-12] }`,
    https.replace("https://platform.example/segments", "http://127.0.0.1:8080/segments"),
  ])("are as they should be: %s", (destination) => {
    expect(told(destination)).toEqual([]);
  });

  test.each([
    ["a network in clear", https.replace("https:", "http:"), "destinations[0].url:"],
    ["a password in an address", https.replace("platform.", "me:secret@platform."), "destinations[0].url:"],
    ["a kind that is none", `${https}, only: { kinds: [mood] }`, "destinations[0].only.kinds[0]:"],
    [
      "no proof for a token",
      `${fhir}, oauth: { tokenUrl: "https://auth.example", clientId: me }`,
      "neither `oauth.key` nor `tls.cert`",
    ],
    ["a certificate without its key", `${fhir}, tls: { cert: me.pem }`, "destinations[0].tls:"],
    ["a key of another type of destination", `${fhir}, platformKeys: ["${key}"]`, 'the unknown key "platformKeys"'],
    ["a key that is misspelt", `${fhir}, flavor: mes`, '"flavour"'],
  ])("are refused with %s", (_what, destination, problem) => {
    expect(told(destination).join("\n")).toContain(problem);
  });
});
