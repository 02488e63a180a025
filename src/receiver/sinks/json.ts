/** Bodies as JSON text. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

export const NO_JSON = "the body is no JSON";

/** The text itself, because a decimal's last zero is part of it; parsed only to know that it is JSON. */
export function jsonText(body: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(body);
    JSON.parse(text);
    return text;
  } catch {
    return undefined; // both say "no" by throwing
  }
}
