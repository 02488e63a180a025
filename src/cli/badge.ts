/** A badge number that a keyboard-wedge reader types, or that a program writes: one line. */
import { createInterface } from "node:readline";
import { say } from "../errors/sentence.ts";
import { errors } from "./errors.ts";
import type { Io } from "./io.ts";

/** The first line: a reader that acts as a keyboard never ends its input. @throws INPUT_MALFORMED */
export async function badgeFrom(io: Io): Promise<string> {
  const lines = createInterface({ input: io.stdin });
  try {
    for await (const line of lines) if (line.trim() !== "") return line.trim();
  } finally {
    lines.close();
  }
  throw errors.INPUT_MALFORMED({ expected: say("une ligne avec un numéro de badge", "one line with a badge number") });
}
