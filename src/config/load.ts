/** From a YAML file to a configuration that can be used, or to all that is wrong with it. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { crossCheck, type KnownDriver, type Names, type Sections } from "./cross-check.ts";
import { gatewayJsonSchema, type JsonSchema, receiverJsonSchema } from "./describe.ts";
import { errors } from "./errors.ts";
import { secret } from "./forms.ts";
import { destinationName } from "./line.ts";
import { serial } from "./links.ts";
import { resolvePaths } from "./paths.ts";
import { InvalidConfig, type Problem } from "./problem.ts";
import {
  assignment,
  destination,
  device,
  type GatewayConfig,
  gatewaySchema,
  person,
  type ReceiverConfig,
  receiverSchema,
  type SecretSource,
} from "./schema.ts";
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

const keySections = z.object({
  journal: z.object({ key: secret, signingKey: secret }).optional(),
  receiver: z.object({ signingKey: secret }).optional(),
});

export interface KeySources {
  readonly journal?: { readonly key: SecretSource; readonly signingKey: SecretSource } | undefined;
  readonly receiver?: { readonly signingKey: SecretSource } | undefined;
}

/**
 * Where the keys are that a file names, whatever else is wrong with it: to make them is the first thing that is done.
 * @throws as loadGatewayConfig, where just that cannot be read.
 */
export async function loadKeySources(file: string, drivers: readonly KnownDriver[]): Promise<KeySources> {
  const data = readYaml(await readText(file));
  const sections = "problems" in data ? undefined : keySections.safeParse(data.value).data;
  if (sections?.journal === undefined && sections?.receiver === undefined) return loadAnyConfig(file, drivers);
  const { journal, receiver } = sections;
  const placed = (source: SecretSource): SecretSource =>
    "file" in source ? { file: resolve(dirname(file), source.file) } : source;
  return {
    journal: journal && { key: placed(journal.key), signingKey: placed(journal.signingKey) },
    receiver: receiver && { signingKey: placed(receiver.signingKey) },
  };
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
  const parsed = parse(await readText(file));
  if ("problems" in parsed) throw new InvalidConfig(file, parsed.problems);
  return resolvePaths(parsed.config, dirname(file));
}

async function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw errors.CONFIG_UNREADABLE({ where: verbatim(file), found: systemSays(cause), cause });
  });
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

/** All that can be read, item by item, so that a slip in one does not hide what is wrong with the others. */
function readableSections(value: unknown): Sections {
  const list = <Item>(schema: z.ZodType<Item>, ...path: string[]): readonly (Item | undefined)[] =>
    items(at(value, path)).map((item) => schema.safeParse(item).data);
  const names = (schema: z.ZodType<string>, section: string, key: string): Names => {
    const named = at(value, [section]);
    if (named !== undefined && !Array.isArray(named)) return undefined;
    return items(named).map((item) => schema.safeParse(at(item, [key])).data);
  };
  return {
    links: gatewaySchema.shape.links.safeParse(at(value, ["links"])).data,
    serial: list(serial, "links", "serial"),
    devices: list(device, "devices"),
    assignments: list(assignment, "assignments"),
    destinations: list(destination, "destinations"),
    receiver: gatewaySchema.shape.receiver.safeParse(at(value, ["receiver"])).data,
    names: {
      devices: names(device.shape.address, "devices", "address"),
      persons: names(person.shape.reference, "persons", "reference"),
      destinations: names(destinationName, "destinations", "name"),
    },
  };
}

const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
