/** `vigie drivers`: what this gateway can read, how it recognises it, and what that rests on. */
import type { Command } from "commander";
import { drivers as all } from "../../../drivers/all.ts";
import { formatChannel } from "../../driver/decode.ts";
import type { Driver } from "../../driver/define.ts";
import { DriverRegistry } from "../../driver/registry.ts";
import type { Sentence } from "../../errors/error.ts";
import { command, inBoth } from "../command.ts";
import { type Io, print } from "../io.ts";

export default function drivers(io: Io, summary: Sentence): Command {
  return command(io, { name: "drivers", summary, examples: ["vigie drivers", "vigie drivers --json"] })
    .option("--json", inBoth("pour un programme", "for a program"))
    .action(async ({ json }: { readonly json?: boolean }) => {
      const known = new DriverRegistry(all).all;
      if (json === true) return print(io.stdout, JSON.stringify(known.map(facts), null, 2));
      await print(io.stdout, ...known.map(paragraph));
    });
}

function facts(driver: Driver) {
  const { id, title, transport, source, priority, specialization, kinds, tested } = driver;
  return {
    id,
    title,
    transport,
    priority,
    specialization,
    kinds,
    ...recognition(driver),
    source,
    proof: tested.length === 0 ? "specification" : "vectors",
    tested,
  };
}

function recognition(driver: Driver) {
  if (driver.transport === "serial") return { channels: ["serial"], line: driver.line };
  const { services, name } = driver.match;
  return {
    channels: [...driver.channels.keys()].map(formatChannel),
    match: { services: services.map(formatChannel), ...(name === undefined ? {} : { name: name.source }) },
  };
}

function paragraph(driver: Driver): string {
  return [
    `${driver.id} – ${driver.title}`,
    `  mesures / measures      ${driver.kinds.join(", ")}`,
    `  reconnu par / matches   ${matchText(driver)}`,
    `  preuve / proven by      ${proofText(driver)}`,
    `  source                  ${driver.source}`,
  ].join("\n");
}

function matchText(driver: Driver): string {
  if (driver.transport === "serial") {
    const { baudRate, dataBits, parity, stopBits } = driver.line;
    const settings = `${baudRate} ${dataBits}${parity.charAt(0).toUpperCase()}${stopBits}`;
    return `configuration (links.serial), ${settings}`;
  }
  const { services, name } = driver.match;
  return `BLE ${services.map(formatChannel).join(", ")}${name === undefined ? "" : `, ${name.source}`}`;
}

function proofText({ tested }: Driver): string {
  return tested.length === 0 ? "la spécification seule / the specification alone" : tested.join(", ");
}
