/** Schema issues as problems that a technician can act on. */
import type { z } from "zod";
import { either, expectation, type JsonSchema, keysAt, type Path, schemasAt } from "./describe.ts";
import { say } from "./field.ts";
import { nearest } from "./nearest.ts";
import { describe, formatPath, type Problem } from "./problem.ts";

/** A problem whose line is not known yet. */
export type Finding = Omit<Problem, "line" | "path"> & { readonly at: Path };

/** What a schema says against a value. @param root the same schema as JSON Schema, for the words. */
export function findings(issues: readonly z.core.$ZodIssue[], value: unknown, root: JsonSchema): readonly Finding[] {
  return issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => unknownKey(issue.path, key, keysAt(root, issue.path, value)));
    }
    if (issue.code === "invalid_key") return [invalidKey(issue.path, root)];
    const meant = issue.code === "invalid_union" ? meantBy(issue) : [];
    if (meant.length > 0) return findings(meant, value, root);
    const found = at(value, issue.path);
    return [
      {
        at: issue.path,
        found: describe(found, issue.path),
        expected: either(schemasAt(root, issue.path, value).map(expectation)),
      },
    ];
  });
}

/** Of a union, what is wrong with the one form whose keys these are; nothing where that is none or several. */
function meantBy({ errors, path }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] {
  const [only, ...more] = errors.filter((issues) =>
    issues.every((issue) => issue.path.length > 0 && issue.code !== "unrecognized_keys"),
  );
  return only === undefined || more.length > 0
    ? []
    : only.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
}

export function unknownKey(parent: Path, key: string, known: readonly string[]): Finding {
  const near = nearest(key, known);
  return {
    at: [...parent, key],
    found: say(`la clé inconnue « ${key} »`, `the unknown key "${key}"`),
    expected:
      near === undefined
        ? say(`une de ces clés : ${known.join(", ")}`, `one of these keys: ${known.join(", ")}`)
        : say(`« ${near} »`, `"${near}"`),
  };
}

function invalidKey(path: Path, root: JsonSchema): Finding {
  const key = String(path.at(-1));
  const names = schemasAt(root, path.slice(0, -1)).flatMap(({ propertyNames }) =>
    typeof propertyNames === "object" ? [expectation(propertyNames)] : [],
  );
  return { at: path, found: say(`le nom « ${key} »`, `the name "${key}"`), expected: either(names) };
}

/** The value at a path; undefined where there is none. */
export function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (here, key) => (typeof here === "object" && here !== null ? Reflect.get(here, key) : undefined),
    value,
  );
}

export function toProblem({ at: path, found, expected }: Finding, line: number | undefined): Problem {
  return { path: formatPath(path), found, expected, ...(line === undefined ? {} : { line }) };
}
