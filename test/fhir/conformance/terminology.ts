/** Whether a code is in a value set, as far as what is at hand can say. */
import type { Definitions } from "./definitions.ts";
import { type JsonObject, listOf, objectOf, textOf, textsOf } from "./json.ts";

export class Terminology {
  readonly #definitions: Definitions;

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
  }

  /**
   * @param system undefined for a plain code, which any system of the set may hold.
   * @returns undefined where the set is unknown or is described by a filter.
   */
  has(valueSet: string, system: string | undefined, code: string): boolean | undefined {
    const source = this.#definitions.source(valueSet);
    if (source === undefined) return undefined;
    const answers = listOf(objectOf(source["compose"])["include"]).map((item) =>
      this.#includes(objectOf(item), system, code),
    );
    if (answers.includes(true)) return true;
    return answers.includes(undefined) ? undefined : false;
  }

  #includes(include: JsonObject, system: string | undefined, code: string): boolean | undefined {
    const sets = textsOf(include["valueSet"]);
    const from = textOf(include["system"]);
    if (from === undefined) {
      const answers = sets.map((set) => this.has(set, system, code));
      return answers.includes(true) ? true : answers.includes(undefined) ? undefined : false;
    }
    if (system !== undefined && system !== from) return false;
    if (include["filter"] !== undefined) return undefined;
    const concepts = include["concept"] ?? this.#completeCodes(from);
    return concepts === undefined ? undefined : hasCode(listOf(concepts).map(objectOf), code);
  }

  #completeCodes(system: string) {
    const source = this.#definitions.source(system);
    return source?.["content"] === "complete" ? source["concept"] : undefined;
  }
}

function hasCode(concepts: readonly JsonObject[], code: string): boolean {
  return concepts.some((item) => item["code"] === code || hasCode(listOf(item["concept"]).map(objectOf), code));
}
