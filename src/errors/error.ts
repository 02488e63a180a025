/**
 * Errors as a part of the interface. Each folder of the house declares its own in an `errors.ts`, with a stable code, a
 * sentence in French and in English, what to do about it, and the exit code the `vigie` command ends with.
 */
import type { Sentence } from "./sentence.ts";

export type { Sentence } from "./sentence.ts";

/** Exit codes of `vigie`, after sysexits(3), so that systemd (`RestartPreventExitStatus=`) and scripts can tell them apart. */
export const ExitCode = {
  ok: 0,
  /** The command did its work, and what it checked is not in order (a verification that failed). */
  findings: 1,
  /** The call itself is wrong: an unknown option, a missing argument. */
  usage: 64,
  /** What was given to read is not what it should be. */
  data: 65,
  /** A file to read is missing or cannot be opened. */
  noInput: 66,
  internal: 70,
  io: 74,
  /** Somebody else holds what is needed; later it may go. */
  tempFail: 75,
  noPermission: 77,
  config: 78,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface ErrorDefinition {
  /** What went wrong. */
  readonly what: Sentence;
  /** What to do now. */
  readonly remedy: Sentence;
  readonly exit: ExitCode;
}

/** What one occurrence adds: `say` in both languages, or `verbatim` and `quoted` what came from elsewhere. */
export interface ErrorDetail {
  /** What was found. Never an identity or a health value. */
  readonly found?: Sentence;
  readonly expected?: Sentence;
  /** The file, path or setting that it is about. */
  readonly where?: Sentence;
  readonly cause?: unknown;
}

/** Every error that Vigie raises on purpose. `code` is stable across releases and is listed in docs/errors.md. */
export class VigieError extends Error {
  override readonly name = "VigieError";
  readonly code: string;
  readonly definition: ErrorDefinition;
  readonly detail: ErrorDetail;

  constructor(code: string, definition: ErrorDefinition, detail: ErrorDetail = {}) {
    super(inOneLine(definition.what, detail), detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.definition = definition;
    this.detail = detail;
  }

  get exit(): ExitCode {
    return this.definition.exit;
  }
}

type ErrorFactory = (detail?: ErrorDetail) => VigieError;

/**
 * Declares the errors of one folder. The keys are the stable codes; each becomes a function that makes the error.
 *
 * @example
 * const errors = defineErrors({ JOURNAL_LOCKED: { what: { fr: "…", en: "…" }, remedy: { fr: "…", en: "…" }, exit: ExitCode.tempFail } });
 * throw errors.JOURNAL_LOCKED({ where: verbatim(path), found: say("une autre passerelle", "another gateway") });
 */
export function defineErrors<Code extends string>(
  definitions: Record<Code, ErrorDefinition>,
): Record<Code, ErrorFactory> & { readonly definitions: Record<Code, ErrorDefinition> } {
  const factories = {} as Record<Code, ErrorFactory>;
  for (const code of Object.keys(definitions) as Code[]) {
    factories[code] = (detail) => new VigieError(code, definitions[code], detail);
  }
  return Object.assign(factories, { definitions });
}

/** True for an error that Vigie raised on purpose, with this code where one is given. */
export function isVigieError(error: unknown, code?: string): error is VigieError {
  return error instanceof VigieError && (code === undefined || error.code === code);
}

/** What a program shows that knows errors by their message alone; `explain` has the words for technicians. */
function inOneLine(what: Sentence, { where, found, expected }: ErrorDetail): string {
  return [
    what.en,
    ...(where === undefined ? [] : [`[${where.en}]`]),
    ...(found === undefined ? [] : [`found: ${found.en}.`]),
    ...(expected === undefined ? [] : [`expected: ${expected.en}.`]),
  ].join(" ");
}
