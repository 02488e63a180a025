/** The configuration's schema as data: what editors, the reference page and the error messages read. */
import { z } from "zod";
import type { Sentence } from "../errors/error.ts";
import { EXPECTED, say, unfold } from "./field.ts";
import { gatewaySchema, receiverSchema } from "./schema.ts";

export type JsonSchema = z.core.JSONSchema.JSONSchema;

export const gatewayJsonSchema = (): JsonSchema => z.toJSONSchema(gatewaySchema, { io: "input" });
export const receiverJsonSchema = (): JsonSchema => z.toJSONSchema(receiverSchema, { io: "input" });

/** The JSON Schema that is published for editors: a file for a gateway, for a receiver, or for both. */
export function publishedJsonSchema(): JsonSchema {
  const { required: gatewayNeeds, properties, ...rest } = gatewayJsonSchema();
  const { required: receiverNeeds } = receiverJsonSchema();
  return {
    ...rest,
    title: "Vigie",
    properties: properties ?? {},
    anyOf: [{ required: gatewayNeeds ?? [] }, { required: receiverNeeds ?? [] }],
  };
}

export type Path = readonly PropertyKey[];

/** All schemas that apply at a path: several where a union leaves the choice that the value has not made (`type: …`). */
export function schemasAt(root: JsonSchema, path: Path, value?: unknown): readonly JsonSchema[] {
  let schemas: readonly JsonSchema[] = [root];
  let here = value;
  for (const key of path) {
    schemas = chosen(schemas.flatMap(branches), here).flatMap((schema) => step(schema, key));
    here = typeof here === "object" && here !== null ? Reflect.get(here, key) : undefined;
  }
  return schemas;
}

/** The keys that a mapping at this path may have. */
export function keysAt(root: JsonSchema, path: Path, value?: unknown): readonly string[] {
  const here = path.reduce<unknown>(
    (one, key) => (typeof one === "object" && one !== null ? Reflect.get(one, key) : undefined),
    value,
  );
  const schemas = chosen(schemasAt(root, path, value).flatMap(branches), here);
  return [...new Set(schemas.flatMap((schema) => Object.keys(schema.properties ?? {})))];
}

/** Those of a union that the value says it is; all where it says nothing, or what none of them is. */
function chosen(schemas: readonly JsonSchema[], value: unknown): readonly JsonSchema[] {
  if (typeof value !== "object" || value === null) return schemas;
  const fitting = schemas.filter(({ properties = {} }) =>
    Object.entries(properties).every(
      ([key, field]) =>
        typeof field === "boolean" || field.const === undefined || Reflect.get(value, key) === field.const,
    ),
  );
  return fitting.length === 0 ? schemas : fitting;
}

/** What may stand where this schema applies, in words. */
export function expectation(schema: JsonSchema): Sentence {
  const said = schema[EXPECTED];
  if (typeof said === "string") return unfold(said);
  const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (values !== undefined) return oneOf(values.map(String));
  const unions = branches(schema);
  if (unions[0] !== schema) return either(unions.map(expectation));
  switch (schema.type) {
    case "integer":
    case "number":
      return numeric(schema);
    case "string":
      return say("un texte", "a text");
    case "boolean":
      return say("true ou false", "true or false");
    case "array":
      return (schema.minItems ?? 0) > 0
        ? say("une liste d'au moins un élément", "a list of at least one item")
        : say("une liste", "a list");
    case "object":
      return say("un groupe de clés", "a mapping");
    default:
      return say("une valeur", "a value");
  }
}

export function either(sentences: readonly Sentence[]): Sentence {
  const join = (language: keyof Sentence, or: string) => [...new Set(sentences.map((one) => one[language]))].join(or);
  return say(join("fr", " ou "), join("en", " or "));
}

/** `a`, `b ou c`… as words that are written as they stand. */
export function oneOf(words: readonly string[]): Sentence {
  const start = words.slice(0, -1).join(", ");
  const last = words.at(-1) ?? "";
  return start === "" ? say(last, last) : say(`${start} ou ${last}`, `${start} or ${last}`);
}

function numeric({ type, minimum, maximum, exclusiveMinimum }: JsonSchema): Sentence {
  const [fr, en] = type === "integer" ? ["un nombre entier", "a whole number"] : ["un nombre", "a number"];
  if (exclusiveMinimum !== undefined && maximum !== undefined) {
    return say(
      `${fr} plus grand que ${exclusiveMinimum}, jusqu'à ${maximum}`,
      `${en} above ${exclusiveMinimum}, up to ${maximum}`,
    );
  }
  const least = minimum ?? Number.NEGATIVE_INFINITY;
  // JSON Schema states the largest safe integer where the schema states none.
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (most !== undefined && least > Number.MIN_SAFE_INTEGER) {
    return say(`${fr} de ${least} à ${most}`, `${en} from ${least} to ${most}`);
  }
  if (most !== undefined) return say(`${fr} d'au plus ${most}`, `${en}, at most ${most}`);
  if (least > Number.MIN_SAFE_INTEGER) return say(`${fr} d'au moins ${least}`, `${en}, at least ${least}`);
  return say(fr, en);
}

function branches(schema: JsonSchema): readonly JsonSchema[] {
  const union = schema.oneOf ?? schema.anyOf;
  return union === undefined ? [schema] : union.flatMap((one) => branches(schemaOf(one)));
}

function step(schema: JsonSchema, key: PropertyKey): readonly JsonSchema[] {
  if (typeof key === "number") return Array.isArray(schema.items) ? [] : some(schema.items);
  return some(schema.properties?.[String(key)] ?? schema.additionalProperties);
}

const some = (schema: boolean | JsonSchema | undefined): readonly JsonSchema[] =>
  typeof schema === "object" ? [schema] : [];

const schemaOf = (schema: boolean | JsonSchema): JsonSchema => (typeof schema === "boolean" ? {} : schema);
