/**
 * A checker of FHIR R4 instances against snapshots: structure, types, cardinality, slices, fixed values and patterns,
 * bindings to value sets at hand, invariants, reference targets, extensions and their contexts, and the profiles of what
 * stands in a bundle. It exists because no npm validator sees all of these (facts/cisis-mesures.md §6).
 */
import type { Definition, Definitions, ElementType, Node } from "./definitions.ts";
import {
  type Context,
  cardinality,
  codingsOf,
  error,
  type Finding,
  holdersOf,
  type Item,
  type Property,
  propertiesOf,
  resourceHolders,
} from "./element.ts";
import { holds } from "./invariants.ts";
import {
  hasPattern,
  isList,
  isObject,
  type Json,
  type JsonObject,
  listOf,
  objectOf,
  sameJson,
  textOf,
  textsOf,
} from "./json.ts";
import { isPrimitive } from "./primitives.ts";
import { ReferenceIndex } from "./references.ts";
import { isInSlice, type Questions } from "./slicing.ts";
import { Terminology } from "./terminology.ts";

export class Checker {
  readonly definitions: Definitions;
  readonly terminology: Terminology;

  constructor(definitions: Definitions) {
    this.definitions = definitions;
    this.terminology = new Terminology(definitions);
  }

  /** Against the base definition, all profiles that it claims itself, and those given. */
  check(resource: Json, profiles: readonly string[] = []): readonly Finding[] {
    return new Walk(this, resource).resource(resource, profiles, "");
  }

  /** What of check() are errors, as text. */
  errors(resource: Json, profiles: readonly string[] = []): readonly string[] {
    const errors = this.check(resource, profiles).filter(({ severity }) => severity === "error");
    return [...new Set(errors.map(({ where, what }) => `${where}: ${what}`))];
  }
}

/** One check of one root: it knows the bundle that references resolve in, and what it has checked before. */
class Walk implements Questions {
  readonly #checker: Checker;
  readonly #references: ReferenceIndex;
  readonly #known = new Map<Json, Map<string, readonly Finding[]>>();

  constructor(checker: Checker, root: Json) {
    this.#checker = checker;
    this.#references = new ReferenceIndex(root);
  }

  get terminology(): Terminology {
    return this.#checker.terminology;
  }

  conforms(value: Json, profile: string, holders?: ReadonlySet<string>): boolean {
    const definition = this.#checker.definitions.get(profile);
    if (definition === undefined || !isObject(value)) return false;
    const type = textOf(value["resourceType"]);
    if (type !== undefined && definition.type !== type) return false;
    return this.#against(value, definition, "", holders).every(({ severity }) => severity !== "error");
  }

  resolve(reference: Json): Json | undefined {
    const target = this.#references.targetOf(reference);
    return target.is === "resource" ? target.resource : undefined;
  }

  resource(value: Json | undefined, profiles: readonly string[], where: string): readonly Finding[] {
    const type = textOf(objectOf(value)["resourceType"]);
    const base = type === undefined ? undefined : this.#checker.definitions.ofType(type);
    if (value === undefined || base === undefined) return [error(where, `no resource type: ${type}`)];
    const claimed = textsOf(objectOf(objectOf(value)["meta"])["profile"]);
    const findings = [...this.#against(value, base, where)];
    for (const url of new Set([...claimed, ...profiles])) {
      const definition = this.#checker.definitions.get(url);
      if (definition === undefined) findings.push(error(where, `unknown profile ${url}`));
      else if (definition.type !== type) findings.push(error(where, `${url} is no profile of ${type}`));
      else findings.push(...this.#against(value, definition, where));
    }
    return findings;
  }

  /** Remembered, because a bundle's slices ask about the same resource again and again. */
  #against(
    value: Json,
    definition: Definition,
    where: string,
    holders: ReadonlySet<string> = resourceHolders(definition.type),
  ): readonly Finding[] {
    const byProfile = this.#known.get(value) ?? new Map<string, readonly Finding[]>();
    this.#known.set(value, byProfile);
    const before = byProfile.get(definition.url);
    if (before !== undefined) return before;
    // A cycle (Observation → Device → …) holds until it is shown not to.
    byProfile.set(definition.url, []);
    const at = where === "" ? definition.type : where;
    const context: Context = { resource: value, holders };
    const findings = this.#element(definition.root, value, definition.type, at, context);
    byProfile.set(definition.url, findings);
    return findings;
  }

  #element(node: Node, value: Json, type: string | undefined, where: string, context: Context): readonly Finding[] {
    const findings: Finding[] = [];
    if (node.fixed !== undefined && !sameJson(node.fixed, value)) findings.push(error(where, "not the fixed value"));
    if (node.pattern !== undefined && !hasPattern(node.pattern, value)) findings.push(error(where, "not the pattern"));
    findings.push(...this.#binding(node, value, where));
    const choice = node.path.endsWith("[x]");
    if (!choice) findings.push(...this.#invariants(node, value, node.path, where, context));
    if (type === undefined) return findings;

    const primitive = isPrimitive(type, value);
    if (primitive !== undefined) return primitive ? findings : [...findings, error(where, `no ${type}`)];
    if (!isObject(value) || Object.keys(value).length === 0) return [...findings, error(where, `an empty ${type}`)];

    const declared = node.types.find(({ code }) => code === type) ?? node.types[0];
    if (value["resourceType"] !== undefined && node.path.includes(".")) {
      return [...findings, ...this.#contained(value, declared, where)];
    }
    const definition = this.#checker.definitions.ofType(type);
    if (definition !== undefined && definition.root !== node) {
      findings.push(...this.#invariants(definition.root, value, choice ? type : node.path, where, context));
    }
    const children = node.children.size > 0 ? node.children : (definition?.root.children ?? new Map<string, Node>());
    const inner = { ...context, holders: holdersOf(type, node.path, context) };
    findings.push(...this.#children(children, value, where, inner));
    if (type === "Extension" && node.path.includes("."))
      findings.push(...this.#extension(value, declared, where, context));
    else if (type === "Reference") findings.push(...this.#reference(value, declared, where));
    else findings.push(...this.#profiles(value, declared, where, inner.holders));
    return findings;
  }

  #contained(value: JsonObject, declared: ElementType | undefined, where: string): readonly Finding[] {
    const type = textOf(value["resourceType"]);
    const findings = [...this.resource(value, [], where)];
    if (declared !== undefined && declared.code !== "Resource" && declared.code !== type) {
      findings.push(error(where, `a ${type} where a ${declared.code} belongs`));
    }
    return [...findings, ...this.#profiles(value, declared, where)];
  }

  #profiles(
    value: Json,
    declared: ElementType | undefined,
    where: string,
    holders?: ReadonlySet<string>,
  ): readonly Finding[] {
    const profiles = declared?.profiles ?? [];
    if (profiles.length === 0 || profiles.some((profile) => this.conforms(value, profile, holders))) return [];
    const only = profiles.length === 1 ? this.#checker.definitions.get(profiles[0] ?? "") : undefined;
    if (only !== undefined) return this.#against(value, only, where, holders);
    return [error(where, `conforms to none of ${profiles.join(", ")}`)];
  }

  #children(children: Map<string, Node>, value: JsonObject, where: string, context: Context): readonly Finding[] {
    const findings: Finding[] = [];
    const known = new Set(["resourceType"]);
    for (const [name, node] of children) {
      const found = propertiesOf(name, node, value);
      for (const { key } of found) known.add(key).add(`_${key}`);
      findings.push(...this.#property(name, node, found, value, where, context));
    }
    for (const key of Object.keys(value)) {
      if (!known.has(key)) findings.push(error(`${where}.${key}`, "no such element"));
    }
    return findings;
  }

  #property(
    name: string,
    node: Node,
    found: readonly Property[],
    parent: JsonObject,
    where: string,
    context: Context,
  ): readonly Finding[] {
    const findings: Finding[] = [];
    const items = found.flatMap(({ key, type, value }) => {
      const path = `${where}.${key}`;
      if (value === undefined) return [];
      if (isList(value) !== node.repeats) findings.push(error(path, node.repeats ? "no list" : "a list"));
      return listOf(value).map((item, index) => ({ type, item, path: isList(value) ? `${path}[${index}]` : path }));
    });
    const onlyExtended = found.filter(({ key, value }) => value === undefined && isObject(parent[`_${key}`])).length;
    findings.push(...cardinality(node, items.length + onlyExtended, `${where}.${name}`));
    for (const { type, item, path } of items) findings.push(...this.#element(node, item, type, path, context));
    if (name.endsWith("[x]") && items.length > 0)
      findings.push(...this.#choiceInvariants(node, parent, where, context));
    if (node.slices.size > 0 && node.slicing !== undefined) findings.push(...this.#slices(node, items, where, context));
    return findings;
  }

  #slices(node: Node, items: readonly Item[], where: string, context: Context): readonly Finding[] {
    const findings: Finding[] = [];
    const { discriminators = [], closed = false } = node.slicing ?? {};
    const matched = new Set<Item>();
    for (const [name, slice] of node.slices) {
      const members = items.filter((item) => isInSlice(item.item, slice, discriminators, () => item.type, this));
      findings.push(...cardinality(slice, members.length, `${where} (slice ${name})`));
      for (const member of members) {
        matched.add(member);
        findings.push(...this.#element(slice, member.item, member.type, member.path, context));
      }
    }
    if (closed) {
      for (const item of items) if (!matched.has(item)) findings.push(error(item.path, "in no slice of a closed list"));
    }
    return findings;
  }

  #extension(
    value: JsonObject,
    declared: ElementType | undefined,
    where: string,
    context: Context,
  ): readonly Finding[] {
    const url = textOf(value["url"]) ?? "";
    const contents = Object.keys(value).filter((key) => key === "extension" || key.startsWith("value"));
    const findings = contents.length === 1 ? [] : [error(where, "an extension has a value or extensions (ext-1)")];
    // Inside a complex extension the names are relative, and the slices of its definition describe them.
    if (!/^[a-z]+:/.test(url))
      return declared === undefined ? [...findings, error(where, `extension ${url}`)] : findings;
    const definition = this.#checker.definitions.get(url);
    if (definition?.type !== "Extension") return [...findings, error(where, `unknown extension ${url}`)];
    if (!definition.context.some((holder) => context.holders.has(holder))) {
      findings.push(error(where, `${url} does not belong here, but in ${definition.context.join(", ")}`));
    }
    return [...findings, ...this.#nested(definition, value, where), ...this.#against(value, definition, where)];
  }

  #nested(definition: Definition, value: JsonObject, where: string): readonly Finding[] {
    const slices = definition.root.children.get("extension")?.slices;
    return listOf(value["extension"]).flatMap((item) => {
      const url = textOf(objectOf(item)["url"]) ?? "";
      return /^[a-z]+:/.test(url) || slices?.has(url) ? [] : [error(where, `no part ${url} in ${definition.url}`)];
    });
  }

  #reference(value: JsonObject, declared: ElementType | undefined, where: string): readonly Finding[] {
    const target = this.#references.targetOf(value);
    if (target.is === "nothing") return [error(where, target.because)];
    const targets = (declared?.targets ?? []).map((url) => ({ url, definition: this.#checker.definitions.get(url) }));
    const { type } = target;
    if (targets.length === 0 || type === undefined) return [];
    const allowed = targets.filter(({ definition }) => definition?.type === type || definition?.type === "Resource");
    if (allowed.length === 0) return [error(where, `points at a ${type}`)];
    if (target.is === "elsewhere" || allowed.some(({ url }) => this.conforms(target.resource, url))) return [];
    return [error(where, `its ${type} conforms to none of ${allowed.map(({ url }) => url).join(", ")}`)];
  }

  #binding({ binding }: Node, value: Json, where: string): readonly Finding[] {
    if (binding === undefined || !["required", "extensible"].includes(binding.strength)) return [];
    const codings = codingsOf(value);
    const answers = codings.map(({ system, code }) => this.terminology.has(binding.valueSet, system, code));
    if (answers.length === 0 || answers.includes(true) || answers.includes(undefined)) return [];
    const severity = binding.strength === "required" ? "error" : "warning";
    const found = codings.map(({ system, code }) => `${system ?? ""}#${code}`).join(", ");
    return [{ severity, where, what: `${found} is not in ${binding.valueSet}` }];
  }

  /** fhirpath tells the type of a choice by its property's name, so it is asked from the parent. */
  #choiceInvariants({ path, constraints }: Node, parent: JsonObject, where: string, context: Context) {
    const [, above = "", stem = ""] = /^(.+)\.(.+)\[x\]$/.exec(path) ?? [];
    return constraints
      .filter(({ key, expression }) => {
        return !holds({ key, expression: `${stem}.all(${expression})` }, above, parent, context.resource);
      })
      .map(({ key, expression }) => error(`${where}.${stem}[x]`, `${key}: ${expression}`));
  }

  #invariants(node: Node, value: Json, path: string, where: string, context: Context): readonly Finding[] {
    return node.constraints
      .filter((constraint) => !holds(constraint, path, value, context.resource))
      .map(({ key, expression }) => error(where, `${key}: ${expression}`));
  }
}
