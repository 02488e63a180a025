/** The invariants of the definitions, by fhirpath.js. */
import fhirpath from "fhirpath";
import r4 from "fhirpath/fhir-context/r4/index.js";
import type { Constraint } from "./definitions.ts";
import { isObject, type Json } from "./json.ts";

// fhirpath types the score of its own model as perhaps undefined, and then does not take it.
const { score: _score, ...model } = r4;

/** Checked by the walk itself, on every element: an element is not empty (ele-1), an extension has one content (ext-1). */
const NATIVE = new Set(["ele-1", "ext-1"]);
/** Functions that need a server or a parser of HTML. */
const OUT_OF_REACH = /htmlChecks|memberOf|conformsTo/;

type Evaluate = (focus: Json, environment: { readonly resource: Json; readonly rootResource: Json }) => unknown;
const compiled = new Map<string, Evaluate>();

/** Base, profile and the profile's own bases repeat the same constraints on the same element. */
const answered = new WeakMap<object, Map<string, boolean>>();

/** @returns whether the constraint holds; true where it is out of reach. */
export function holds({ key, expression }: Constraint, path: string, focus: Json, resource: Json): boolean {
  if (NATIVE.has(key) || OUT_OF_REACH.test(expression)) return true;
  const name = `${path}: ${expression}`;
  if (!isObject(focus)) return evaluate(name, path, expression, focus, resource);
  const answers = answered.get(focus) ?? new Map<string, boolean>();
  answered.set(focus, answers);
  const answer = answers.get(name) ?? evaluate(name, path, expression, focus, resource);
  answers.set(name, answer);
  return answer;
}

function evaluate(name: string, path: string, expression: string, focus: Json, resource: Json): boolean {
  let run = compiled.get(name);
  if (run === undefined) {
    run = fhirpath.compile({ base: path, expression }, model, { traceFn: () => undefined });
    compiled.set(name, run);
  }
  const result = run(focus, { resource, rootResource: resource });
  return Array.isArray(result) && (result.length === 0 || result[0] === true);
}
