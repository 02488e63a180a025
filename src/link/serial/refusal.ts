/** Why a serial port does not open. serialport hands on the words of the C library, without a code. Pure. */
import { quoted, type Sentence, say } from "../../errors/sentence.ts";
import { systemSays } from "../../errors/system.ts";

const known: readonly (readonly [RegExp, Sentence])[] = [
  [/cannot lock port/i, say("un autre programme tient ce port", "another program holds this port")],
  [/no such (?:file|device)/i, say("rien n'est branché sous ce nom", "nothing is plugged in under this name")],
  [/permission denied/i, say("l'accès est refusé à cet utilisateur", "access is denied to this user")],
];

export function portSays(error: unknown): Sentence {
  if (!(error instanceof Error)) return systemSays(error);
  return known.find(([pattern]) => pattern.test(error.message))?.[1] ?? quoted(error.message);
}
