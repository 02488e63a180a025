/** YAML text to plain data that still knows on which line each part stood. */
import {
  type Document,
  type ErrorCode,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  type YAMLError,
  type YAMLWarning,
} from "yaml";
import { quoted, type Sentence, say } from "../errors/sentence.ts";
import type { Path } from "./describe.ts";
import type { Problem } from "./problem.ts";

/** A configuration is a few kilobytes; what is larger is another file. */
const MAX_CHARACTERS = 1024 * 1024;

export interface YamlData {
  readonly value: unknown;
  /** The line, from 1, of the deepest part of a path that is in the file. */
  lineOf(path: Path): number | undefined;
}

export function readYaml(text: string): YamlData | { readonly problems: readonly Problem[] } {
  if (text.length > MAX_CHARACTERS) return { problems: [notYaml(say("plus de 1 Mo", "more than 1 MB"))] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const flaws = [...document.errors, ...document.warnings];
  if (flaws.length > 0) {
    return { problems: flaws.map((flaw) => notYaml(flawSays(flaw), lines.linePos(flaw.pos[0]).line)) };
  }
  try {
    return { value: document.toJS({ maxAliasCount: 100 }), lineOf: (path) => lineOf(document, lines, path) };
  } catch (error) {
    return { problems: [notYaml(quoted(error instanceof Error ? error.message : String(error)))] };
  }
}

/** The slips of a hand that writes YAML; the others keep the words of the parser. */
const slips: Readonly<Partial<Record<ErrorCode, Sentence>>> = {
  BAD_INDENT: say("un retrait qui ne s'aligne pas", "an indentation that is out of line"),
  DUPLICATE_KEY: say("deux fois la même clé", "the same key twice"),
  MISSING_CHAR: say("un guillemet, un crochet ou un « : » qui manque", 'a missing quote, bracket or ":"'),
  MULTILINE_IMPLICIT_KEY: say(
    "une clé sur plusieurs lignes (un « : » qui manque ?)",
    'a key over several lines (a missing ":"?)',
  ),
  TAB_AS_INDENT: say("une tabulation ; le retrait se fait avec des espaces", "a tab; indentation is made of spaces"),
};

const flawSays = ({ code, message }: YAMLError | YAMLWarning): Sentence => slips[code] ?? quoted(message);

function lineOf(document: Document, lines: LineCounter, path: Path): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const pair = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
    const node = pair?.key ?? document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

function notYaml(found: Sentence, line?: number): Problem {
  return {
    path: "",
    ...(line === undefined ? {} : { line }),
    found,
    expected: say("un fichier YAML correct", "a correct YAML file"),
  };
}
