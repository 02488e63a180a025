/** How resources are named: deterministic UUIDs, and references between the entries of one bundle. */
import { digest, uuidOf } from "../measure/identity.ts";
import type { BundleOptions, ReferenceForm } from "./port.ts";
import { identifierSystems } from "./systems.ts";
import type { Identifier, Reference } from "./types.ts";

/** The UUID of what these parts name; the same at every run, on every gateway. */
export const uuidFrom = (...parts: readonly string[]): string => uuidOf(digest(parts));

export const fullUrl = (uuid: string): string => `urn:uuid:${uuid}`;

/**
 * A UUID as an identifier, under a namespace of our own. As `urn:uuid:…` under urn:ietf:rfc:3986 it would be the very text
 * of the entry's fullUrl, and a server that puts the new resource's place for that text wherever it stands (Medplum's does)
 * would keep no identifier to find it by.
 */
export const ownIdentifier = (uuid: string): Identifier => ({ system: identifierSystems.vigie, value: uuid });

/** The search that finds the resource with this identifier, for `ifNoneExist`. */
export const search = ({ system, value }: Identifier): string => `identifier=${system}|${value}`;

/** Mon espace santé links by id; any other server resolves what stands in the bundle. */
export function formOf({ references, flavour }: BundleOptions): ReferenceForm {
  return references ?? (flavour === "mes" ? "literal" : "urn");
}

export function refer(type: "Device" | "Observation" | "Patient", uuid: string, form: ReferenceForm): Reference {
  return { reference: form === "urn" ? fullUrl(uuid) : `${type}/${uuid}`, type };
}
