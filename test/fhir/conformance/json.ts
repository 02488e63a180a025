/** JSON as it is read, for a checker that knows no types but those of the definitions. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !isList(value);
}

export function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export const listOf = (value: Json | undefined): readonly Json[] =>
  value === undefined || value === null ? [] : isList(value) ? value : [value];

export const textOf = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined);

export const textsOf = (value: Json | undefined): readonly string[] =>
  listOf(value).filter((item) => typeof item === "string");

/** All values that a path of property names leads to, lists flattened. */
export function valuesAt(value: Json | undefined, path: readonly string[]): readonly Json[] {
  return path.reduce<readonly Json[]>(
    (values, name) => values.flatMap((item) => listOf(objectOf(item)[name])),
    listOf(value),
  );
}

export function sameJson(left: Json | undefined, right: Json | undefined): boolean {
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((item, index) => sameJson(item, right[index]));
  }
  if (isObject(left) && isObject(right)) {
    const keys = Object.keys(left);
    return keys.length === Object.keys(right).length && keys.every((key) => sameJson(left[key], right[key]));
  }
  return left === right;
}

/** Whether a value has all that a FHIR pattern asks for; what it has more is free. */
export function hasPattern(pattern: Json | undefined, value: Json | undefined): boolean {
  if (isList(pattern)) return pattern.every((item) => listOf(value).some((found) => hasPattern(item, found)));
  if (isObject(pattern)) {
    return isObject(value) && Object.entries(pattern).every(([key, item]) => hasPattern(item, value[key]));
  }
  return pattern === value;
}
