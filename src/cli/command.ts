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
  const made = new Command(name)
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
    .addHelpText("after", () => {
      const shown = examplesFor(made);
      return ["", ...heading(shown), ...shown.map((example) => `  ${example}`)].join("\n");
    });
  given.set(made, examples);
  return made;
}

const given = new WeakMap<Command, readonly string[]>();

/** A command's own examples; else those of its parent that call it. */
export function examplesFor(shown: Command): readonly string[] {
  const own = given.get(shown) ?? [];
  if (own.length > 0 || shown.parent === null) return own;
  const call = ` ${shown.parent.name()} ${shown.name()} `;
  return examplesFor(shown.parent).filter((example) => example.includes(call));
}

const heading = (examples: readonly string[]) => (examples.length === 0 ? [] : ["Exemples / Examples:"]);
