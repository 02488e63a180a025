/**
 * The transaction that a FHIR server gets for a measure: the one that was sealed, or one made anew in the form it asks for.
 *
 * One thing of a sealed one is changed: the names of its entries. There a measure's fullUrl is also its identifier, and
 * some servers (Medplum's) put the new resource's place for whatever text equals a fullUrl, identifiers included: the
 * repeat would not find the first one. So entries get names that stand nowhere else.
 */
import { z } from "zod";
import { toBundle } from "../../fhir/bundle.ts";
import type { BundleOptions, Flavour, GatewayIdentity, MesOptions, Person, ReferenceForm } from "../../fhir/port.ts";
import type { StoredWholeRecord } from "../../journal/port.ts";
import type { Specialization } from "../../measure/codes.ts";
import { digest, uuidOf } from "../../measure/identity.ts";
import { parseJson, toJson } from "../../measure/json.ts";
import { measuredAt } from "../../measure/site-time.ts";
import { readSource, type Source } from "../../measure/source.ts";
import { personOf } from "../route.ts";

export interface BundleForm {
  readonly flavour: Flavour;
  readonly references?: ReferenceForm;
  readonly identity?: NonNullable<BundleOptions["identity"]>;
  /** `urn:oid:…` of the sending system. */
  readonly source?: string;
  readonly mes?: MesOptions;
}

/** What a bundle is made anew from, beside the measurement. */
export interface Known {
  readonly gateway: GatewayIdentity;
  /** By the opaque reference. */
  person(reference: string): Person | undefined;
  /** The kind of device that a driver reads. */
  specialization(driver: string): Specialization | undefined;
}

export type Rendered =
  | {
      readonly type: "bundle";
      readonly bytes: Uint8Array;
      readonly entries: number;
      readonly searches: readonly string[];
    }
  /** This form has no bundle for it (Mon espace santé takes no BMI): there is nothing to send. */
  | { readonly type: "nothing" }
  /** It cannot be made here and now. */
  | { readonly type: "unmakeable"; readonly because: string };

export type Render = (record: StoredWholeRecord) => Rendered;

export function rendering(form: BundleForm, known: Known): Render {
  const { flavour, references = "urn", identity = "opaque", source } = form;
  const isAsSealed = flavour === "platform" && references === "urn" && identity === "opaque" && source === undefined;
  const made: (record: StoredWholeRecord) => Uint8Array | Exclude<Rendered, { type: "bundle" }> = isAsSealed
    ? ({ body }) => body
    : (record) => anew(record, form, known);
  // Where references are not by fullUrl, it has to be the resource's id.
  const name = flavour === "mes" || references === "literal" ? (text: string) => text : renamed;
  return (record) => {
    const bundle = made(record);
    return "type" in bundle ? bundle : bundled(name(Buffer.from(bundle).toString()));
  };
}

/** The transaction for a measure's bundle as it was sealed. @param body of its record. */
export const asSealed = (body: Uint8Array): Rendered => bundled(renamed(Buffer.from(body).toString()));

function renamed(bundle: string): string {
  return bundle.replace(
    /"(fullUrl|reference)":"urn:uuid:([0-9a-f-]{36})"/g,
    (_all, key: string, uuid: string) => `"${key}":"urn:uuid:${uuidOf(digest(["entry", uuid]))}"`,
  );
}

function anew(
  record: StoredWholeRecord,
  form: BundleForm,
  known: Known,
): Uint8Array | Exclude<Rendered, { type: "bundle" }> {
  const source = record.source === undefined ? undefined : tryRead(record.source);
  if (source === undefined) return { type: "unmakeable", because: "source-missing" };
  const { measurement } = source;
  const reference = personOf(record);
  const person = reference === undefined ? undefined : known.person(reference);
  if (person === undefined) return { type: "unmakeable", because: "person-unknown" };
  const specialization = known.specialization(measurement.driver);
  if (specialization === undefined) return { type: "unmakeable", because: "driver-unknown" };
  const effective = measuredAt(measurement, known.gateway.timeZone);
  const sealed = sealedStatus.safeParse(parseJson(Buffer.from(record.body).toString())).data;
  const isAmended = sealed?.entry.some(({ resource }) => resource.status === "amended") ?? false;
  const status = isAmended ? ({ status: "amended" } as const) : {};
  const made = toBundle(measurement, person, known.gateway, { ...form, ...status, effective, specialization });
  return "bundle" in made ? Buffer.from(toJson(made.bundle)) : { type: "nothing" };
}

const sealedStatus = z.object({ entry: z.array(z.object({ resource: z.object({ status: z.string().optional() }) })) });

function tryRead(source: Uint8Array): Source | undefined {
  try {
    return readSource(source);
  } catch {
    return undefined; // written by a version that this one does not read: the record is put aside, and said to be
  }
}

const transaction = z.object({
  type: z.literal("transaction"),
  entry: z.array(
    z.object({
      resource: z.object({
        resourceType: z.string(),
        identifier: z.array(z.object({ system: z.string(), value: z.string() })).optional(),
      }),
    }),
  ),
});

function bundled(text: string): Rendered {
  const bundle = transaction.safeParse(parseJson(text)).data;
  if (bundle === undefined) return { type: "unmakeable", because: "no-transaction" };
  const searches = bundle.entry.flatMap(({ resource: { resourceType, identifier = [] } }) =>
    resourceType === "Observation"
      ? identifier.map(({ system, value }) => `Observation?identifier=${encodeURIComponent(`${system}|${value}`)}`)
      : [],
  );
  return { type: "bundle", bytes: Buffer.from(text), entries: bundle.entry.length, searches };
}
