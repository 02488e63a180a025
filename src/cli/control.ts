/** Asks the gateway that a configuration names: the one that is running, else its journal, opened for the command. */
import { access } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { drivers } from "../../drivers/all.ts";
import { loadGatewayConfig } from "../config/load.ts";
import type { GatewayConfig } from "../config/schema.ts";
import type { Answer, Control, Request } from "../control/port.ts";
import { connectControl } from "../control/socket.ts";
import { DriverRegistry } from "../driver/registry.ts";
import { VigieError } from "../errors/error.ts";
import { explain } from "../errors/explain.ts";
import { verbatim } from "../errors/sentence.ts";
import { controlPath, openConfiguredJournal, openDesk } from "../gateway.ts";
import { errors as journalErrors } from "../journal/errors.ts";
import { salvageUnderWay } from "../journal/salvage.ts";
import { systemClock } from "../system-clock.ts";
import { errorCatalogue } from "./catalogue.ts";
import { inBoth } from "./command.ts";
import { errors } from "./errors.ts";
import { columnsOf, complain, type Io } from "./io.ts";

export interface ControlOptions {
  readonly config: string;
  readonly json?: boolean;
}

export interface ActorOptions extends ControlOptions {
  readonly by?: string;
  readonly reason?: string;
}

/** The options of every command that asks. */
export function asking(command: Command): Command {
  return command
    .requiredOption("--config <file>", inBoth("le fichier de configuration", "the configuration file"))
    .option("--json", inBoth("pour un programme", "for a program"));
}

/** The options of every command that changes something. */
export function changing(command: Command, reason: "needed" | "welcome" = "welcome"): Command {
  const said = inBoth("pourquoi ; gardé dans la piste d'audit", "why; kept in the audit trail");
  asking(command).option(
    "--by <name>",
    inBoth("qui décide ; à défaut, l'utilisateur du système", "who decides; by default the system's user"),
  );
  return reason === "needed"
    ? command.requiredOption("--reason <text>", said)
    : command.option("--reason <text>", said);
}

export function actorOf({ by, reason }: Pick<ActorOptions, "by" | "reason">) {
  return { by: by ?? userInfo().username, ...(reason === undefined ? {} : { reason }) };
}

/** Asks one thing. @throws what the gateway refuses, as if it had been refused here. */
export async function ask<Is extends Answer["is"]>(
  io: Io,
  options: ControlOptions,
  request: Request,
  is: Is,
): Promise<Extract<Answer, { is: Is }>> {
  return withControl(io, options.config, (control) => answered(control, request, is));
}

/** The answer of a gateway that is at hand. @throws as ask() */
export async function answered<Is extends Answer["is"]>(
  control: Control,
  request: Request,
  is: Is,
): Promise<Extract<Answer, { is: Is }>> {
  const answer = await control.ask(request);
  if (answer.is === "refused") throw await refusal(answer);
  if (isThe(answer, is)) return answer;
  const [got, wanted]: readonly [string, string] = [answer.is, is];
  throw errors.INTERNAL({ found: verbatim(got), expected: verbatim(wanted) });
}

export async function withControl<Result>(
  io: Io,
  file: string,
  work: (control: Control, config: GatewayConfig) => Promise<Result>,
): Promise<Result> {
  const config = await loadGatewayConfig(file, drivers);
  const running = await connectControl(controlPath(config));
  if (running !== undefined) return work(running, config);

  const clock = systemClock(config.clock.trust);
  const journal = await openConfiguredJournal(config, clock);
  try {
    const { control } = await openDesk(
      {
        config,
        drivers: new DriverRegistry(drivers),
        clock,
        observe: (event) => {
          if (event.type === "fault") complain(io.stderr, explain(event.error, columnsOf(io.stderr)));
        },
      },
      journal,
    );
    return await work(control, config);
  } finally {
    await journal.close();
  }
}

/** Who only looks makes no journal: it would belong to him (root, perhaps), and the service could not open it. @throws JOURNAL_ABSENT, JOURNAL_SALVAGING */
export async function assertJournal(config: Pick<GatewayConfig, "journal">): Promise<void> {
  if (!(await hasJournal(config))) throw errors.JOURNAL_ABSENT({ where: verbatim(config.journal.path) });
}

/** @throws JOURNAL_SALVAGING where its files are changing places. */
export async function hasJournal({ journal: { path } }: Pick<GatewayConfig, "journal">): Promise<boolean> {
  if ((await salvageUnderWay(path)) !== undefined) throw journalErrors.JOURNAL_SALVAGING({ where: verbatim(path) });
  return access(join(path, "journal.db")).then(
    () => true,
    // Where it may not be looked at, opening it says why.
    (cause: NodeJS.ErrnoException) => cause.code !== "ENOENT",
  );
}

function isThe<Is extends Answer["is"]>(answer: Answer, is: Is): answer is Extract<Answer, { is: Is }> {
  return answer.is === is;
}

/** What a gateway refused, as if it had been refused here. */
export async function refusal({
  code,
  found,
  expected,
  where,
}: Omit<Extract<Answer, { is: "refused" }>, "is">): Promise<VigieError> {
  const known = (await errorCatalogue()).find((entry) => entry.code === code);
  if (known === undefined) return errors.INTERNAL({ found: verbatim(code) });
  return new VigieError(code, known, {
    ...(found === undefined ? {} : { found }),
    ...(expected === undefined ? {} : { expected }),
    ...(where === undefined ? {} : { where }),
  });
}

/** A date and time with its offset, as milliseconds since 1970; for commander. */
export function instant(text: string): number {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError("2026-01-05T08:00:00+01:00");
  return at;
}

/** A whole number from `least` to `most`; for commander. */
export const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`${least}–${most}`);
  };
