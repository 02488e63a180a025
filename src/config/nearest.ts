/** The word that somebody probably meant. */

/** How many letters must be added, dropped or changed to get from one word to the other (Levenshtein 1965). */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/**
 * The known word closest to this one, or undefined where none is close. Two slips are forgiven (two letters that changed
 * places are two), one in a short word, a third of the letters in a long one; beyond that it would be a guess.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(lower, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= forgiven(candidate))
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.candidate;
}

function forgiven({ length }: string): number {
  return length < 5 ? 1 : Math.max(2, Math.floor(length / 3));
}
