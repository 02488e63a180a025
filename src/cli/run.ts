/** The `vigie` command, from its arguments to its exit code. Everything it touches of the process is handed in. */
import { Command, CommanderError } from "commander";
import { formatProblem, InvalidConfig } from "../config/problem.ts";
import { ExitCode, VigieError } from "../errors/error.ts";
import { explain } from "../errors/explain.ts";
import { version } from "../version.ts";
import { command, inBoth } from "./command.ts";
import { commands } from "./commands.ts";
import { errors } from "./errors.ts";
import { columnsOf, complain, type Io } from "./io.ts";
import { usageError } from "./usage.ts";

/** @param args what follows `vigie` on the command line. @returns the exit code, after src/errors/error.ts. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    const program = await vigie(args, io);
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    // Without a command behind it, commander has shown the help: what was asked for, or what the call lacked.
    if (error instanceof CommanderError && error.code === "commander.help") return ExitCode.usage;
    const raised = asVigieError(error);
    if (raised === undefined) return io.exitCode;
    if (raised instanceof InvalidConfig) {
      const file = raised.detail.where?.fr ?? "";
      for (const problem of raised.problems) complain(io.stderr, formatProblem(file, problem, columnsOf(io.stderr)));
    }
    if (raised.code === "INTERNAL") complain(io.stderr, framesOf(error));
    complain(io.stderr, explain(raised, columnsOf(io.stderr)));
    return raised.exit;
  }
  return io.exitCode;
}

async function vigie(args: readonly string[], io: Io): Promise<Command> {
  const program = command(io, {
    name: "vigie",
    summary: { fr: "La passerelle de télésurveillance Vigie.", en: "The telemonitoring gateway Vigie." },
    examples: ["vigie drivers", "vigie config check config/vigie.yaml"],
  }).version(version, "-V, --version", inBoth("la version", "the version"));
  for (const [name, { summary, load }] of Object.entries(commands)) {
    // Only the command that is called is loaded; the others are there for the help, and for "did you mean".
    const make = name === args[0] ? (await load()).default : undefined;
    program.addCommand(make?.(io, summary) ?? new Command(name).summary(inBoth(summary.fr, summary.en)));
  }
  return program;
}

/** @returns undefined where commander only stopped after showing what was asked for: the help, the version. */
function asVigieError(error: unknown): VigieError | undefined {
  if (error instanceof VigieError) return error;
  if (!(error instanceof CommanderError)) return errors.INTERNAL({ cause: error });
  if (error.exitCode === 0) return undefined;
  return usageError(error);
}

/** Where a defect happened. Its message stays out: that of a JSON parser, for one, repeats what it was given. */
function framesOf(error: unknown): string {
  if (!(error instanceof Error)) return "not an Error";
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames].join("\n");
}
