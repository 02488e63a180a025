/** A scenario: which devices there are and what bytes they send when. Data only; what the bytes mean, the drivers say. */
import { parse } from "yaml";
import { z } from "zod";
import { parseChannel } from "../../driver/decode.ts";
import { quoted, say, verbatim } from "../../errors/sentence.ts";
import { errors } from "./errors.ts";
import { type Piece, parseTemplate } from "./template.ts";

const oneOrMore = <Item extends z.ZodType>(item: Item) =>
  z.union([item.transform((single) => [single]), z.array(item).min(1)]);

const template = z.string().transform((text, context): readonly Piece[] => {
  const pieces = parseTemplate(text);
  if (pieces !== undefined) return pieces;
  context.addIssue({ code: "custom", message: "expected hex bytes and {datetime-120s} at most" });
  return z.NEVER;
});

const latin1 = z.string().transform((text): readonly Piece[] => [Uint8Array.from(Buffer.from(text, "latin1"))]);

const characteristic = z.union([z.number(), z.string()]).transform((value, context): number => {
  const found = typeof value === "number" ? value : parseChannel(value);
  if (typeof found === "number" && Number.isInteger(found) && found >= 0 && found <= 0xffff) return found;
  context.addIssue({ code: "custom", message: "expected a 16-bit characteristic such as 0x2a35" });
  return z.NEVER;
});

const when = {
  /** Seconds after the round began. */
  at: z.number().min(0).max(86_400),
  /** How often all of it is sent, one after the other: a device that empties its whole memory at each connection. */
  times: z.number().int().min(1).max(1_000).default(1),
};

const name = z.string().min(1);
const facts = {
  driver: name,
  name: name.exactOptional(),
  manufacturer: name.exactOptional(),
  model: name.exactOptional(),
  serialNumber: name.exactOptional(),
  systemId: z
    .string()
    .regex(/^[0-9A-F]{16}$/)
    .exactOptional(),
};

const bleDevice = z.strictObject({
  link: z.literal("ble"),
  address: z.string().regex(/^(?:[0-9A-F]{2}:){5}[0-9A-F]{2}$/, "expected AA:BB:CC:DD:EE:FF in upper case"),
  ...facts,
  sends: z.array(z.strictObject({ ...when, channel: characteristic, hex: oneOrMore(template) })),
});

const serialDevice = z.strictObject({
  link: z.literal("serial"),
  /** The name of the port, as the configuration would give it. */
  address: name,
  ...facts,
  sends: z.array(
    z.union([
      z.strictObject({ ...when, hex: oneOrMore(template) }),
      z.strictObject({ ...when, text: oneOrMore(latin1) }).transform(({ text, ...rest }) => ({ ...rest, hex: text })),
    ]),
  ),
});

const scenarioSchema = z.strictObject({
  /** Seconds from the beginning of one round to the next, where the scenario is played more than once. */
  every: z.number().positive().max(86_400).default(60),
  devices: z.array(z.discriminatedUnion("link", [bleDevice, serialDevice])).min(1),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type SimulatedDevice = Scenario["devices"][number];

/**
 * Reads a scenario, YAML or JSON.
 * @param where the file's name, for the error
 * @throws SCENARIO_INVALID, which names every problem with its path.
 */
export function parseScenario(text: string, where: string): Scenario {
  let data: unknown;
  try {
    data = parse(text);
  } catch (cause) {
    const found = cause instanceof Error ? quoted(cause.message) : say("ce n'est pas du YAML", "no YAML");
    throw errors.SCENARIO_INVALID({ where: verbatim(where), found, cause });
  }
  const outcome = scenarioSchema.safeParse(data);
  if (outcome.success) return outcome.data;
  const problems = outcome.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw errors.SCENARIO_INVALID({ where: verbatim(where), found: quoted(problems.join("; ")) });
}
