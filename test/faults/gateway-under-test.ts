/** The whole gateway as systemd runs it, `vigie run --config …`, with a folder of its own; and what its log says it has kept. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "./child.ts";
import { boxKey, GATEWAY, signingSeed } from "./journal-under-test.ts";

export interface Site {
  readonly folder: string;
  /** Where the scale's serial port appears. */
  readonly scale: string;
  readonly config: string;
  /** The same without simulated devices: takes nothing but what the scale says. */
  readonly quietConfig: string;
}

/** The demonstration's devices, over and over as fast as they go, and a scale on a serial port. */
export async function newSite(brokerUrl: string, platformKey: Uint8Array): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "vigie-site-"));
  await writeFile(join(folder, "journal.key"), boxKey, { mode: 0o600 });
  await writeFile(join(folder, "signing.key"), signingSeed, { mode: 0o600 });
  const scale = join(folder, "scale");
  const scenario = fileURLToPath(new URL("../../config/demo-scenario.yaml", import.meta.url));
  const simulated = `  simulated: { scenario: ${scenario}, speed: 1000 }\n`;
  const write = async (name: string, links: string) => {
    const file = join(folder, name);
    await writeFile(file, yaml(links, scale, brokerUrl, platformKey));
    return file;
  };
  return { folder, scale, config: await write("vigie.yaml", simulated), quietConfig: await write("quiet.yaml", "") };
}

const yaml = (links: string, scale: string, url: string, platformKey: Uint8Array) => `
gateway:
  id: ${GATEWAY}
  structure: { finess: "750000001", name: Test }
  timeZone: Europe/Paris
journal:
  path: ./journal
  key: { file: ./journal.key }
  signingKey: { file: ./signing.key }
links:
  serial:
    - { path: ${scale}, driver: scale-line, device: balance-2, line: { dataBits: 8, parity: none } }
${links}
devices:
  - { address: "5C:31:3E:00:00:01", label: cuff }
  - { address: "5C:31:3E:00:00:02", label: thermometer }
  - { address: balance-1, driver: scale-line, label: scale 1 }
  - { address: balance-2, driver: scale-line, label: scale 2 }
persons:
  - { reference: p-1, system: "urn:oid:1.2.250.1.999.1", label: Room 1 }
assignments:
  - { device: "5C:31:3E:00:00:01", person: p-1, from: 2020-01-01T00:00:00+01:00 }
  - { device: balance-1, person: p-1, from: 2020-01-01T00:00:00+01:00 }
  - { device: balance-2, person: p-1, from: 2020-01-01T00:00:00+01:00 }
destinations:
  - name: platform
    type: mqtt
    url: ${url}
    platformKeys: ["${Buffer.from(platformKey).toString("hex")}"]
clock: { trust: always }
log: { level: debug }
`;

/** @param build of src/cli/main.ts (./build.ts). The log, which goes to the standard error output, is what is heard. */
export const gatewayCommand = (build: string, config: string): Command => ({
  command: "/bin/sh",
  args: ["-c", 'exec "$@" 2>&1', "sh", process.execPath, join(build, "src/cli/main.js"), "run", "--config", config],
});

/** What one line of the log tells of promise 1; undefined for any other. */
export type Heard =
  | { readonly type: "started"; readonly epoch: number; readonly lastSeq: number }
  | { readonly type: "kept"; readonly seq: number; readonly as: string };

export function hearLog(line: string): Heard | undefined {
  if (!line.startsWith("{")) return undefined;
  const { msg, epoch, lastSeq, seq, as } = JSON.parse(line);
  if (msg === "gateway started") return { type: "started", epoch, lastSeq };
  return msg === "journaled" ? { type: "kept", seq, as } : undefined;
}
