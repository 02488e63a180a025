/** What is wrong with a call, as commander found it: its English sentence read back, and said in both languages. */
import type { CommanderError } from "commander";
import type { VigieError } from "../errors/error.ts";
import { quoted, say, verbatim } from "../errors/sentence.ts";
import { errors } from "./errors.ts";

export function usageError({ code, message }: CommanderError): VigieError {
  const [name = "", value = ""] = [...message.matchAll(/'([^']*)'/g)].map(([, text = ""]) => text);
  const near = /\(Did you mean (?:one of )?(.+)\?\)/.exec(message)?.[1];
  const meant = near === undefined ? {} : { expected: verbatim(near) };
  switch (code) {
    case "commander.unknownCommand":
      return errors.USAGE({
        found: say(`la commande inconnue « ${name} »`, `the unknown command "${name}"`),
        ...meant,
      });
    case "commander.unknownOption":
      return errors.USAGE({ found: say(`l'option inconnue « ${name} »`, `the unknown option "${name}"`), ...meant });
    case "commander.missingArgument":
      return errors.USAGE({ expected: say(`l'argument « ${name} »`, `the argument "${name}"`) });
    case "commander.optionMissingArgument":
      return errors.USAGE({ expected: say(`une valeur pour « ${name} »`, `a value for "${name}"`) });
    case "commander.missingMandatoryOptionValue":
      return errors.USAGE({ expected: say(`l'option « ${name} »`, `the option "${name}"`) });
    case "commander.excessArguments":
      return errors.USAGE({ found: say("trop d'arguments", "too many arguments") });
    case "commander.invalidArgument": {
      // An option stands before its value, an argument behind.
      const [of, given] = message.startsWith("error: option") ? [name, value] : [value, name];
      const form = /is invalid.*?\. (?:Allowed choices are )?(.*?)\.?$/.exec(message)?.[1] ?? "";
      const found = say(`« ${given} » pour « ${of} »`, `"${given}" for "${of}"`);
      return errors.USAGE(form === "" ? { found } : { found, expected: verbatim(form) });
    }
    default:
      return errors.USAGE({ found: quoted(message) });
  }
}
