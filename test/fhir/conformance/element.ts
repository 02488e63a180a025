/** What the walk of ./checker.ts asks about one element: its JSON properties, how often it stands, what holds it. */
import type { Node } from "./definitions.ts";
import { type Json, type JsonObject, listOf, objectOf, textOf } from "./json.ts";

export interface Finding {
  readonly severity: "error" | "warning";
  /** Where, with list positions: `Bundle.entry[0].resource.code`. */
  readonly where: string;
  readonly what: string;
}

export interface Context {
  /** What `%resource` means. */
  readonly resource: Json;
  /** What an extension here may name as its context. */
  readonly holders: ReadonlySet<string>;
}

export interface Property {
  readonly key: string;
  readonly type: string | undefined;
  readonly value: Json | undefined;
}

export interface Item {
  readonly type: string | undefined;
  readonly item: Json;
  readonly path: string;
}

export const error = (where: string, what: string): Finding => ({ severity: "error", where, what });

export function cardinality({ min, max }: Node, count: number, where: string): readonly Finding[] {
  if (count >= min && count <= max) return [];
  return [error(where, `${count} times, where ${min}..${max === Number.POSITIVE_INFINITY ? "*" : max} belong`)];
}

/** The JSON properties of one element: one, or for `value[x]` one per type (all that are there, allowed or not). */
export function propertiesOf(name: string, node: Node, value: JsonObject): readonly Property[] {
  if (!name.endsWith("[x]")) {
    return value[name] === undefined && value[`_${name}`] === undefined
      ? []
      : [{ key: name, type: node.types[0]?.code, value: value[name] }];
  }
  const stem = name.slice(0, -"[x]".length);
  return node.types.flatMap(({ code }) => {
    const key = stem + code.charAt(0).toUpperCase() + code.slice(1);
    return value[key] === undefined && value[`_${key}`] === undefined ? [] : [{ key, type: code, value: value[key] }];
  });
}

export const resourceHolders = (type: string): ReadonlySet<string> =>
  new Set([type, "DomainResource", "Resource", "Element"]);

export function holdersOf(type: string, path: string, context: Context): ReadonlySet<string> {
  if (!path.includes(".") && type !== "Extension") return context.holders;
  return new Set([type, path, "Element"]);
}

export function codingsOf(value: Json): readonly { readonly system: string | undefined; readonly code: string }[] {
  if (typeof value === "string") return [{ system: undefined, code: value }];
  const { coding, system, code } = objectOf(value);
  if (coding !== undefined) return listOf(coding).flatMap(codingsOf);
  return typeof code === "string" ? [{ system: textOf(system), code }] : [];
}
