/** What is wrong with a configuration: every point at once, each with its place, what was found and what was expected. */
import { VigieError } from "../errors/error.ts";
import { wrapped } from "../errors/explain.ts";
import { type Sentence, say, verbatim } from "../errors/sentence.ts";
import type { Path } from "./describe.ts";
import { errors } from "./errors.ts";

export interface Problem {
  /** `devices[0].address`; empty for the file as a whole. */
  readonly path: string;
  /** The line in the file, from 1. */
  readonly line?: number;
  readonly found: Sentence;
  readonly expected: Sentence;
}

/** The configuration cannot be used, for all of these reasons. */
export class InvalidConfig extends VigieError {
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    super("CONFIG_INVALID", errors.definitions.CONFIG_INVALID, {
      where: verbatim(file),
      found:
        problems.length === 1
          ? say("un point", "one point")
          : say(`${problems.length} points`, `${problems.length} points`),
    });
    this.problems = problems;
  }
}

/** A problem as a person reads it: the place, then what is wrong, French first. */
export function formatProblem(file: string, { path, line, found, expected }: Problem, columns?: number): string {
  return [
    `${file}${line === undefined ? "" : `:${line}`}${path === "" ? "" : `  ${path}`}`,
    wrapped(`  trouvé : ${found.fr} · attendu : ${expected.fr}`, columns),
    wrapped(`  found: ${found.en} · expected: ${expected.en}`, columns),
  ].join("\n");
}

export function formatPath(path: Path): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
    .join("");
}

/** What stands below these keys may be an identity, an address or a secret: messages say its form, never its value. The whole file may be a key. */
const untold: ReadonlySet<PropertyKey> = new Set([
  "address",
  "assignments",
  "device",
  "devices",
  "key",
  "password",
  "persons",
  "signingKey",
  "url",
  "username",
]);

export const mayTell = (path: Path): boolean => path.length > 0 && !path.some((key) => untold.has(key));

/** What was found, in words; its value only where that gives nothing away. */
export function describe(value: unknown, path: Path): Sentence {
  if (value === undefined) return say("rien", "nothing");
  if (value === null && path.length === 0) return say("un fichier vide", "an empty file");
  if (value === null) return say("une clé sans valeur", "a key without a value");
  if (Array.isArray(value)) return say("une liste", "a list");
  if (typeof value === "object") return say("un groupe de clés", "a mapping");
  if (mayTell(path)) return verbatim(shortened(JSON.stringify(value)));
  return typeof value === "string"
    ? say(`un texte de ${value.length} caractère(s)`, `a text of ${value.length} character(s)`)
    : say("un nombre ou un booléen", "a number or a boolean");
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
