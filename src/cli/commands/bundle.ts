/** `vigie bundle`: measurements, as `vigie decode` prints them, to the bundles that would travel, one each. */
import { type Command, Option } from "commander";
import { ZodError } from "zod";
import { drivers } from "../../../drivers/all.ts";
import { loadGatewayConfig } from "../../config/load.ts";
import type { GatewayConfig } from "../../config/schema.ts";
import { DriverRegistry } from "../../driver/registry.ts";
import type { Sentence } from "../../errors/error.ts";
import { toBundle } from "../../fhir/bundle.ts";
import { type Flavour, flavours, type Person } from "../../fhir/port.ts";
import { parseMeasurement, toJson } from "../../measure/json.ts";
import type { Measurement } from "../../measure/measurement.ts";
import { type MeasuredAt, measuredAt } from "../../measure/site-time.ts";
import { registryOf } from "../../registry/attribute.ts";
import { momentOf } from "../../registry/moment.ts";
import type { Assignment } from "../../registry/port.ts";
import { version } from "../../version.ts";
import { command, inBoth } from "../command.ts";
import { ask, hasJournal } from "../control.ts";
import { errors } from "../errors.ts";
import { type Io, print, readAll } from "../io.ts";

interface Options {
  readonly config: string;
  readonly person?: string;
  readonly flavour: Flavour;
}

/** A measurement with its raw bytes has a few kilobytes. */
const MAX_INPUT = 1024 * 1024;

export default function bundle(io: Io, summary: Sentence): Command {
  const decode = 'vigie decode scale-line --channel serial --address balance-1 --text "ST,+0061.55kg"';
  return command(io, { name: "bundle", summary, examples: [`${decode} | vigie bundle --config config/demo.yaml`] })
    .requiredOption(
      "--config <file>",
      inBoth("d'où viennent la personne et la passerelle", "where person and gateway come from"),
    )
    .option(
      "--person <reference>",
      inBoth(
        "la personne ; à défaut, celle à qui l'appareil est attribué",
        "the person; by default whom the device is assigned to",
      ),
    )
    .addOption(
      new Option("--flavour <flavour>", inBoth("pour qui le bundle est fait", "for whom the bundle is made"))
        .choices(flavours)
        .default("platform"),
    )
    .action(async ({ config: file, person, flavour }: Options) => {
      const config = await loadGatewayConfig(file, drivers);
      const known = await knownOf(io, file, config);
      const registry = new DriverRegistry(drivers);
      const gateway = { ...config.gateway, version };
      for (const measurement of readMeasurements(await readAll(io.stdin, MAX_INPUT))) {
        const { specialization } = registry.get(measurement.driver);
        const effective = measuredAt(measurement, gateway.timeZone);
        const whose = personOf(known, person, measurement, effective);
        const outcome = toBundle(measurement, whose, gateway, { flavour, effective, specialization });
        if ("noBundle" in outcome) throw errors.NO_BUNDLE({ found: outcome.noBundle });
        await print(io.stdout, toJson(outcome.bundle, 2));
      }
    });
}

/**
 * One measurement, however its JSON is laid out; or one a line, as `vigie decode` prints what a cuff sends: pressure and pulse.
 * @throws INPUT_MALFORMED, which names the fields and repeats no value.
 */
function readMeasurements(text: string | undefined): readonly Measurement[] {
  if (text === undefined) throw errors.INPUT_MALFORMED({ found: `more than ${MAX_INPUT} bytes`, expected });
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length > 1 && lines.every((line) => line.startsWith("{") && line.trimEnd().endsWith("}"))
    ? lines.map(readMeasurement)
    : [readMeasurement(text)];
}

const expected = "a measurement a line, as `vigie decode` prints it";

function readMeasurement(text: string): Measurement {
  if (/^\s*\{\s*"reject"/.test(text)) throw errors.INPUT_MALFORMED({ found: "a reject", expected });
  try {
    return parseMeasurement(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw errors.INPUT_MALFORMED({ found: "no JSON", expected });
    if (!(error instanceof ZodError)) throw error;
    const fields = error.issues.map(({ path }) => path.join(".") || "(all of it)");
    throw errors.INPUT_MALFORMED({ found: [...new Set(fields)].join(", "), expected });
  }
}

interface Known {
  readonly persons: readonly Person[];
  readonly assignments: readonly Assignment[];
}

/** What the gateway's registry knows, running or not; the configuration, which a first start takes over, where there is none yet. */
async function knownOf(io: Io, file: string, config: GatewayConfig): Promise<Known> {
  if (!(await hasJournal(config))) return config;
  const { persons, assignments } = await ask(io, { config: file }, { do: "registry-show" }, "registry");
  return { persons, assignments: assignments.filter(({ correctedBy }) => correctedBy === undefined) };
}

/** @throws PERSON_UNKNOWN */
function personOf(
  known: Known,
  reference: string | undefined,
  { device, userSlot }: Measurement,
  effective: MeasuredAt,
): Person {
  if (reference !== undefined) {
    const named = known.persons.find((person) => person.reference === reference);
    if (named === undefined) throw errors.PERSON_UNKNOWN({ found: "--person names nobody that is known" });
    return named;
  }
  const attribution = registryOf(known).attribute(device.address, userSlot, momentOf(effective));
  if ("quarantine" in attribution) throw errors.PERSON_UNKNOWN({ found: attribution.quarantine });
  return attribution.person;
}
