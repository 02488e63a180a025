/** A subcommand in the manner of the house: help in French first, an example, and errors that are thrown. */
import { Command } from "commander";
import type { Sentence } from "../errors/error.ts";
import type { Io } from "./io.ts";

export interface CommandText {
  readonly name: string;
  readonly summary: Sentence;
  /** Command lines that work as they stand. */
  readonly examples?: readonly string[];
}

/** Two languages in one cell of a help text, each on its own line. */
export const inBoth = (fr: string, en: string): string => `${fr}\n${en}`;

export function command(io: Io, { name, summary, examples = [] }: CommandText): Command {
  const both = inBoth(summary.fr, summary.en);
  return new Command(name)
    .description(both)
    .summary(both)
    .helpOption("-h, --help", inBoth("cette aide", "this help"))
    .helpCommand(false)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text), // the help, where a command needs another behind it
      outputError: () => {}, // what commander would say is thrown, and explained in both languages
      getOutHelpWidth: () => 120,
    })
    .configureHelp({ styleTitle: (title) => (title === "Commands:" ? "Commandes / Commands:" : title) })
    .addHelpText("after", ["", ...heading(examples), ...examples.map((example) => `  ${example}`)].join("\n"));
}

const heading = (examples: readonly string[]) => (examples.length === 0 ? [] : ["Exemples / Examples:"]);
