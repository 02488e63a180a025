/** From a YAML file to a configuration that can be used, or to all that is wrong with it. */
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { z } from "zod";
import { verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { crossCheck, type KnownDriver, type Sections } from "./cross-check.ts";
import { gatewayJsonSchema, type JsonSchema, receiverJsonSchema } from "./describe.ts";
import { errors } from "./errors.ts";
import { resolvePaths } from "./paths.ts";
import { InvalidConfig, type Problem } from "./problem.ts";
import { type GatewayConfig, gatewaySchema, type ReceiverConfig, receiverSchema } from "./schema.ts";
import { at, findings, toProblem } from "./validate.ts";
import { readYaml, type YamlData } from "./yaml.ts";

export type Parsed<Config> = { readonly config: Config } | { readonly problems: readonly Problem[] };

/**
 * Reads what `vigie run` needs. Relative paths are taken from the file's own folder.
 * @throws CONFIG_UNREADABLE; CONFIG_INVALID (an InvalidConfig, with every problem)
 */
export async function loadGatewayConfig(file: string, drivers: readonly KnownDriver[]): Promise<GatewayConfig> {
  return load(file, (text) => parseGatewayConfig(text, drivers));
}

/** Reads what `vigie receive` needs. @throws as loadGatewayConfig */
export async function loadReceiverConfig(file: string, drivers: readonly KnownDriver[]): Promise<ReceiverConfig> {
  return load(file, (text) => parseReceiverConfig(text, drivers));
}

/** Reads a file for whichever side it is: a receiver's where it has that section alone. @throws as loadGatewayConfig */
export async function loadAnyConfig(
  file: string,
  drivers: readonly KnownDriver[],
): Promise<GatewayConfig | ReceiverConfig> {
  return load(file, (text) => parseAnyConfig(text, drivers));
}

/** Pure: the text of a file to a gateway's configuration, paths as written. */
export function parseGatewayConfig(text: string, drivers: readonly KnownDriver[]): Parsed<GatewayConfig> {
  const data = readYaml(text);
  return "problems" in data ? data : validate(data, gatewaySchema, gatewayJsonSchema, drivers);
}

/** Pure: the text of a file to a receiver's configuration, paths as written. */
export function parseReceiverConfig(text: string, drivers: readonly KnownDriver[]): Parsed<ReceiverConfig> {
  const data = readYaml(text);
  return "problems" in data ? data : validate(data, receiverSchema, receiverJsonSchema, drivers);
}

function parseAnyConfig(text: string, drivers: readonly KnownDriver[]): Parsed<GatewayConfig | ReceiverConfig> {
  const data = readYaml(text);
  if ("problems" in data) return data;
  const has = (section: string) => at(data.value, [section]) !== undefined;
  return has("receiver") && !has("gateway") && !has("journal")
    ? validate(data, receiverSchema, receiverJsonSchema, drivers)
    : validate(data, gatewaySchema, gatewayJsonSchema, drivers);
}

async function load<Config extends GatewayConfig | ReceiverConfig>(
  file: string,
  parse: (text: string) => Parsed<Config>,
): Promise<Config> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw errors.CONFIG_UNREADABLE({ where: verbatim(file), found: systemSays(cause), cause });
  });
  const parsed = parse(text);
  if ("problems" in parsed) throw new InvalidConfig(file, parsed.problems);
  return resolvePaths(parsed.config, dirname(file));
}

function validate<Config>(
  { value, lineOf }: YamlData,
  schema: z.ZodType<Config>,
  jsonSchema: () => JsonSchema,
  drivers: readonly KnownDriver[],
): Parsed<Config> {
  const result = schema.safeParse(value);
  const found = [
    ...(result.success ? [] : findings(result.error.issues, value, jsonSchema())),
    ...crossCheck(readableSections(value), drivers),
  ];
  if (result.success && found.length === 0) return { config: result.data };
  const problems = found.map((finding) => toProblem(finding, lineOf(finding.at)));
  return { problems: problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

/** The sections that are right by themselves, so that a slip in one does not hide what is wrong with the others. */
function readableSections(value: unknown): Sections {
  const { links, devices, persons, assignments, destinations, receiver } = gatewaySchema.shape;
  return {
    links: links.safeParse(at(value, ["links"])).data,
    devices: devices.safeParse(at(value, ["devices"])).data,
    persons: persons.safeParse(at(value, ["persons"])).data,
    assignments: assignments.safeParse(at(value, ["assignments"])).data,
    destinations: destinations.safeParse(at(value, ["destinations"])).data,
    receiver: receiver.safeParse(at(value, ["receiver"])).data,
  };
}
