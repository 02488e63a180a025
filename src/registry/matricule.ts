/** The matricule of the INS: a NIR or NIA of 13 characters and its key of two digits. */

/** Sex or kind, year, month, department (2A and 2B of Corsica included), commune, order, key. */
const FORM = /^[1-478]\d{2}\d{2}(?:\d{2}|2[AB])\d{3}\d{3}\d{2}$/;

/**
 * Whether a matricule has 15 characters of the right form and the right key: 97 less the first 13 as a number modulo 97,
 * in which the department 2A counts as 19 and 2B as 18 (they left department 20 in 1976).
 */
export function isMatricule(text: string): boolean {
  return FORM.test(text) && Number(text.slice(13)) === keyOf(text.slice(0, 13));
}

/** The key of the first 13 characters, 1 to 97. */
export function keyOf(body: string): number {
  const digits = body.replace("2A", "19").replace("2B", "18");
  // 13 digits stay below 2^53.
  return 97 - (Number(digits) % 97);
}
