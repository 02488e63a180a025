/** How a field of the configuration says, in the two languages of the house, what it is and what may stand there. */
import type { z } from "zod";
import type { Sentence } from "../errors/sentence.ts";

export { say } from "../errors/sentence.ts";

/** The keyword of the JSON Schema under which the expected form stands; `description` says what the field is. */
export const EXPECTED = "x-expected";

/** One text for both languages, as JSON Schema has room for one: French, line feed, English. */
export const both = ({ fr, en }: Sentence): string => `${fr}\n${en}`;

/** The two languages of what `both` wrote. */
export function unfold(text: string): Sentence {
  const [fr = "", en = fr] = text.split("\n");
  return { fr, en };
}

/** Documents a schema: what the field is and, where type and limits do not say it all, what is expected there. */
export function field<Schema extends z.ZodType>(schema: Schema, what: Sentence, expected?: Sentence): Schema {
  return schema.meta({
    description: both(what),
    ...(expected === undefined ? {} : { [EXPECTED]: both(expected) }),
  });
}

/** A schema of which only the expected form is said here; what it is, is said where it is used. */
export function form<Schema extends z.ZodType>(schema: Schema, expected: Sentence): Schema {
  return schema.meta({ [EXPECTED]: both(expected) });
}
