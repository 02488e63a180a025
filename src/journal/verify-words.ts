/** What is wrong with a journal's file, as `vigie journal verify` says it. Pure. */
import { say } from "../errors/sentence.ts";

export const words = {
  fact: (shelf: string) =>
    say(
      `étagère ${shelf} : un fait n'est pas tel qu'il a été écrit`,
      `shelf ${shelf}: a fact that is not as it was written`,
    ),
  count: (records: number, first: number, last: number) =>
    say(`${records} enregistrements pour ${first} à ${last}`, `${records} records for ${first} to ${last}`),
  rows: (first: number, last: number) =>
    say(
      `l'index de ${first} à ${last} ne va pas avec son contrôle`,
      `the index of ${first} to ${last} does not fit its check`,
    ),
  absent: say("le corps n'est pas là, et n'a pas été effacé", "the body is not there, and was not erased"),
  box: say("le coffret ne s'ouvre pas", "the box does not open"),
  kind: (kind: number) => say(`le genre ${kind} n'existe pas`, `there is no kind ${kind}`),
  columns: (names: readonly string[]) =>
    say(`pas ce que dit le coffret : ${names.join(", ")}`, `not what the box says: ${names.join(", ")}`),
  unsealed: say("une ligne qu'aucun segment n'a scellée", "a row that no segment sealed"),
  alone: say("un corps sans son enregistrement", "a body without its record"),
  head: say("le dernier segment n'est pas le dernier écrit", "the last segment is not the one that was committed last"),
  identity: say(
    "la passerelle ou l'époque du fichier n'est pas celle de son ouverture",
    "the file's gateway or epoch is not the one it was opened with",
  ),
  meta: (key: string) =>
    say(
      `ce qui est gardé sous ${key} n'est pas de nous, ou ne s'ouvre pas`,
      `what is kept under ${key} is not ours, or does not open`,
    ),
  rotations: (found: number, expected: number) =>
    say(`${found} changements de clé, ${expected} attendus`, `${found} changes of key, expected ${expected}`),
  cursor: (destination: string) =>
    say(
      `le curseur de ${destination} ne va pas avec son contrôle ; il repart du début`,
      `the cursor of ${destination} does not fit its check; it begins anew`,
    ),
  beyond: (destination: string, end: number) =>
    say(`${destination} est allée au-delà de la fin, ${end}`, `${destination} has come further than the end, ${end}`),
  passed: (day: number) =>
    say(
      `ce qui était livré le jour ${day} ne va pas avec son contrôle`,
      `how far delivery was on day ${day} does not fit its check`,
    ),
  pruned: say(
    "ce qui reste d'un enregistrement élagué ne va pas avec son contrôle",
    "what remains of a pruned record does not fit its check",
  ),
  schema: say("le schéma n'est pas celui que nous avons fait", "the schema is not the one we made"),
} as const;
