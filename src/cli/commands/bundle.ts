/** `vigie bundle`: measurements, as `vigie decode` prints them, to the bundles that would travel, one each. */
import { type Command, Option } from "commander";
import { ZodError } from "zod";
import { drivers } from "../../../drivers/all.ts";
import { loadGatewayConfig } from "../../config/load.ts";
import type { GatewayConfig } from "../../config/schema.ts";
import { DriverRegistry } from "../../driver/registry.ts";
import { type Sentence, say } from "../../errors/sentence.ts";
import { toBundle } from "../../fhir/bundle.ts";
import { type Flavour, flavours, type NoBundle, type Person } from "../../fhir/port.ts";
import { parseMeasurement, toJson } from "../../measure/json.ts";
import type { Measurement } from "../../measure/measurement.ts";
import { type MeasuredAt, measuredAt } from "../../measure/site-time.ts";
import { registryOf } from "../../registry/attribute.ts";
import { momentOf } from "../../registry/moment.ts";
import { type Assignment, quarantineWords } from "../../registry/port.ts";
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
        if ("noBundle" in outcome) throw errors.NO_BUNDLE({ found: noBundle[outcome.noBundle] });
        await print(io.stdout, toJson(outcome.bundle, 2));
      }
    });
}

/**
 * One measurement, however its JSON is laid out; or one a line, as `vigie decode` prints what a cuff sends: pressure and pulse.
 * @throws INPUT_MALFORMED, which names the fields and repeats no value.
 */
function readMeasurements(text: string | undefined): readonly Measurement[] {
  if (text === undefined) throw errors.INPUT_MALFORMED({ found: tooMuch, expected });
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length > 1 && lines.every((line) => line.startsWith("{") && line.trimEnd().endsWith("}"))
    ? lines.map(readMeasurement)
    : [readMeasurement(text)];
}

const tooMuch = say(`plus de ${MAX_INPUT} octets`, `more than ${MAX_INPUT} bytes`);
const expected = say(
  "une mesure par ligne, comme `vigie decode` l'écrit",
  "a measurement a line, as `vigie decode` prints it",
);

const noBundle: Readonly<Record<NoBundle, Sentence>> = {
  "battery-level": say("un niveau de pile est un événement", "a battery level is an event"),
  "no-value": say("l'appareil n'a rien mesuré", "the device measured nothing"),
  "not-representable": say("une valeur de trop de chiffres", "a value of too many digits"),
  "mes-bmi": say("Mon espace santé calcule l'IMC lui-même", "Mon espace santé computes the BMI itself"),
  "mes-respiratory-rate": say(
    "Mon espace santé ne prend pas la fréquence respiratoire",
    "Mon espace santé takes no respiratory rate",
  ),
  "mes-value-absent": say(
    "Mon espace santé ne prend pas de mesure incomplète",
    "Mon espace santé takes no measure without all its values",
  ),
  "mes-demonstration": say("une démonstration n'est pas une mesure", "a demonstration is no measure"),
  "mes-not-paired": say("la personne n'a pas d'appairage (idPe)", "the person has not paired (idPe)"),
  "mes-device-unidentified": say(
    "l'appareil n'a pas de System ID, et aucun OID d'éditeur n'est configuré",
    "the device has no System ID, and no editor's OID is configured",
  ),
  "mes-glucose-moment": say("il manque le moment de la glycémie", "the moment of the glucose measure is missing"),
  "mes-glucose-days": say(
    "une glycémie interstitielle demande un nombre de jours",
    "glucose in interstitial fluid needs a number of days",
  ),
};

function readMeasurement(text: string): Measurement {
  if (/^\s*\{\s*"reject"/.test(text))
    throw errors.INPUT_MALFORMED({ found: say("un rejet de `vigie decode`", "a reject of `vigie decode`"), expected });
  try {
    return parseMeasurement(text);
  } catch (error) {
    if (error instanceof SyntaxError)
      throw errors.INPUT_MALFORMED({ found: say("ce n'est pas du JSON", "no JSON"), expected });
    if (!(error instanceof ZodError)) throw error;
    const fields = (all: string) => [...new Set(error.issues.map(({ path }) => path.join(".") || all))].join(", ");
    throw errors.INPUT_MALFORMED({ found: say(fields("(tout)"), fields("(all of it)")), expected });
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
    if (named === undefined) {
      throw errors.PERSON_UNKNOWN({
        found: say("--person ne nomme personne de connu", "--person names nobody that is known"),
      });
    }
    return named;
  }
  const attribution = registryOf(known).attribute(device.address, userSlot, momentOf(effective));
  if ("quarantine" in attribution) throw errors.PERSON_UNKNOWN({ found: quarantineWords[attribution.quarantine] });
  return attribution.person;
}
