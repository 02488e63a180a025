/** Builds a preset dictionary for raw deflate: of each sample, what the samples behind it do not have already. */

/** Shorter repeats cost more to refer to than they are worth. */
const LEAST_REPEAT = 8;

/** @param samples by importance, the most common last: it stands whole, nearest to the data. */
export function buildDictionary(samples: readonly string[], words: readonly string[]): string {
  let dictionary = "";
  for (const sample of samples.toReversed()) dictionary = novel(neutral(sample), dictionary) + dictionary;
  return words.filter((word) => !dictionary.includes(word)).join("") + dictionary;
}

/** Without what no other body has: UUIDs and times of the samples. */
function neutral(sample: string): string {
  return sample
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/g, "2026-")
    .replaceAll("00-00-00-00-00-00", "");
}

function novel(text: string, known: string): string {
  let fresh = "";
  let at = 0;
  while (at < text.length) {
    let length = LEAST_REPEAT;
    if (!known.includes(text.slice(at, at + length))) {
      fresh += text[at];
      at += 1;
      continue;
    }
    while (at + length < text.length && known.includes(text.slice(at, at + length + 1))) length += 1;
    at += length;
  }
  return fresh;
}
