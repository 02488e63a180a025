/** What a Reference of a bundle points at. */
import { isObject, type Json, type JsonObject, listOf, objectOf, textOf } from "./json.ts";

export type Target =
  | { readonly is: "resource"; readonly type: string; readonly resource: JsonObject }
  /** A resource elsewhere: known by its type, if that is told. */
  | { readonly is: "elsewhere"; readonly type: string | undefined }
  | { readonly is: "nothing"; readonly because: string };

export class ReferenceIndex {
  readonly #byUrl = new Map<string, JsonObject>();
  readonly #inBundle: boolean;

  constructor(root: Json) {
    const entries = objectOf(root)["resourceType"] === "Bundle" ? listOf(objectOf(root)["entry"]) : [];
    this.#inBundle = entries.length > 0;
    for (const entry of entries) {
      const { fullUrl, resource } = objectOf(entry);
      if (!isObject(resource)) continue;
      if (typeof fullUrl === "string") this.#byUrl.set(fullUrl, resource);
      this.#byUrl.set(`${resource["resourceType"]}/${resource["id"]}`, resource);
    }
  }

  targetOf(reference: Json): Target {
    const { reference: url, type, identifier, display } = objectOf(reference);
    if (typeof url !== "string") {
      return identifier === undefined && display === undefined
        ? { is: "nothing", because: "neither reference nor identifier" }
        : { is: "elsewhere", type: textOf(type) };
    }
    const resource = this.#byUrl.get(url);
    if (resource !== undefined) {
      const found = textOf(resource["resourceType"]) ?? "";
      if (type !== undefined && type !== found) return { is: "nothing", because: `type ${type} points at a ${found}` };
      return { is: "resource", type: found, resource };
    }
    if (url.startsWith("urn:") && this.#inBundle) return { is: "nothing", because: `no entry has the fullUrl ${url}` };
    const [, literal] = /(?:^|\/)([A-Z][A-Za-z]+)(?:\/[A-Za-z0-9\-.]{1,64}|\?.+)$/.exec(url) ?? [];
    if (literal === undefined && !/^(urn:|https?:|#)/.test(url))
      return { is: "nothing", because: `no reference: ${url}` };
    return { is: "elsewhere", type: literal ?? textOf(type) };
  }
}
