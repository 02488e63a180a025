/** An error in the words that a technician reads: French first, English second. */
import type { VigieError } from "./error.ts";
import type { Sentence } from "./sentence.ts";

type Language = keyof Sentence;

const words: Readonly<Record<Language, { readonly where: string; readonly found: string; readonly expected: string }>> =
  {
    fr: { where: "où :", found: "trouvé :", expected: "attendu :" },
    en: { where: "where:", found: "found:", expected: "expected:" },
  };

/**
 * What is wrong, where, and what to do; in each language, each on its own line.
 * @param columns of the terminal that it is read on; without them no line is broken.
 */
export function explain(error: VigieError, columns = Number.POSITIVE_INFINITY): string {
  const [what = "", ...rest] = paragraph(error, "fr");
  const lines = [`${error.code}: ${what}`, ...[...rest, ...paragraph(error, "en")].map((line) => `  ${line}`)];
  return lines.map((line) => wrapped(line, columns)).join("\n");
}

function paragraph({ definition, detail }: VigieError, language: Language): readonly string[] {
  const { where, found, expected } = detail;
  const word = words[language];
  const compared = [
    ...(found === undefined ? [] : [`${word.found} ${found[language]}`]),
    ...(expected === undefined ? [] : [`${word.expected} ${expected[language]}`]),
  ];
  return [
    definition.what[language],
    ...(where === undefined ? [] : [`${word.where} ${where[language]}`]),
    ...(compared.length === 0 ? [] : [compared.join(" · ")]),
    `→ ${definition.remedy[language]}`,
  ];
}

/**
 * Breaks a line at its spaces, and goes on under its text. Not at the spaces that French sets before `:` and `»` or behind
 * `«`, nor in a command between backticks.
 */
export function wrapped(line: string, columns = Number.POSITIVE_INFINITY): string {
  const [margin = ""] = /^ *(?:→ )?/.exec(line) ?? [];
  const lines: string[] = [];
  let last = margin;
  for (const word of line.slice(margin.length).match(/(?:`[^`]*`|\S|(?<=«) | (?=[:;!?»·]))+/g) ?? []) {
    const isFirst = last.length === margin.length;
    if (isFirst) last += word;
    else if (last.length + 1 + word.length <= columns) last += ` ${word}`;
    else {
      lines.push(last);
      last = " ".repeat(Math.max(2, margin.length)) + word;
    }
  }
  return [...lines, last].join("\n");
}
