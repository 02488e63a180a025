/** The gate that every bundle passes: the definitions of ../shared/profiles, and the rules that no profile says. */
import { fileURLToPath } from "node:url";
import type { Flavour } from "../../../src/fhir/port.ts";
import { toJson } from "../../../src/measure/json.ts";
import { sharedPath } from "../../fixtures/shared.ts";
import { Checker } from "./checker.ts";
import { Definitions } from "./definitions.ts";
import type { Json } from "./json.ts";
import { linkFaults, mesFaults } from "./rules.ts";

const folders = ["mesures-3.2.0", "fr-core-2.1.0", "phd-1.0.0", "terminologies"].flatMap(
  (name) => sharedPath("profiles", name) ?? [],
);
/** Whether the published definitions are at hand; without them there is no gate, and its tests say so. */
export const definitionsAtHand = folders.length === 4;

/** Our own extension is checked like everybody's. */
const ours = fileURLToPath(new URL("../../../docs/fhir", import.meta.url));

let loaded: Checker | undefined;
/** Reads some 60 MB of definitions, once per test file. */
export function checker(): Checker {
  loaded ??= new Checker(new Definitions([...folders, ours]));
  return loaded;
}

/** The JSON that a receiver reads. */
export const received = (resource: unknown): Json => JSON.parse(toJson(resource));

/** Everything that is wrong with a bundle of one measure. */
export function bundleFaults(bundle: Json, flavour: Flavour): readonly string[] {
  return [...checker().errors(bundle), ...linkFaults(bundle), ...(flavour === "mes" ? mesFaults(bundle) : [])];
}
