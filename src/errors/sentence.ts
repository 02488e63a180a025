/** What is said to people: in both languages of the house where it is prose, as it stands where it is nobody's prose. */

/** One sentence, or a part of one. French first, because a technician in a bedroom reads it. */
export interface Sentence {
  readonly fr: string;
  readonly en: string;
}

export const say = (fr: string, en: string): Sentence => ({ fr, en });

/**
 * Refuses, when it is compiled, a text that stands in the source: whoever writes one writes it twice, with `say`. What
 * came from elsewhere (a path, a code, another program's answer) is a `string`, and passes.
 */
type FromElsewhere<Text> = Text extends string
  ? string extends Text
    ? Text
    : "prose: say(fr, en) it in both languages"
  : Text;

/** A number, path, code or name, which reads the same in both languages. */
export function verbatim<const Text extends string | number>(text: Text & FromElsewhere<Text>): Sentence {
  return say(`${text}`, `${text}`);
}

/** Another program's own words, between quotation marks: nobody here translates them, and nobody takes them for ours. */
export function quoted<const Text extends string>(text: Text & FromElsewhere<Text>): Sentence {
  return say(`« ${text} »`, `"${text}"`);
}

export const bytes = (count: number): Sentence =>
  say(`${count} ${count < 2 ? "octet" : "octets"}`, `${count} ${count === 1 ? "byte" : "bytes"}`);
