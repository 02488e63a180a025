/** The transaction that a FHIR server gets for a record: the one that was sealed, or one made anew in the form it asks for. */
import { z } from "zod";
import { toBundle } from "../../fhir/bundle.ts";
import { phgDevice } from "../../fhir/gateway.ts";
import {
  type BundleOptions,
  type Flavour,
  type GatewayIdentity,
  isCorrecting,
  type MesOptions,
  type NoBundle,
  type Person,
  type ReferenceForm,
} from "../../fhir/port.ts";
import type { StoredWholeRecord } from "../../journal/port.ts";
import type { Specialization } from "../../measure/codes.ts";
import { parseJson, toJson } from "../../measure/json.ts";
import type { Measurement } from "../../measure/measurement.ts";
import { measuredAt } from "../../measure/site-time.ts";
import { readSource, type Source } from "../../measure/source.ts";
import { RecordKind } from "../../seal/record.ts";
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
      /** The measure in it, by its identifier, as a search names it: `system|value`. */
      readonly measure?: string;
      /** It takes that measure back, or gives it to another person: a version came before it. */
      readonly isCorrection: boolean;
      /** Sent twice, it is there once: its conditions see to that. */
      readonly isRepeatable: boolean;
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
  return (record) => {
    if (record.kind === RecordKind.event) {
      const isNamed = flavour === "platform" && saysWhose(record);
      return isNamed ? bundled(Buffer.from(toJson(phgDevice(known.gateway)))) : { type: "nothing" };
    }
    const bundle = made(record);
    return "type" in bundle ? bundle : bundled(bundle);
  };
}

const identityEvent = z.object({ type: z.literal("gateway-identity") });

/**
 * Of all events the one that has a form in FHIR: which box this is, said once and where it changed (src/intake/directory.ts).
 * Every measure of the platform flavour names it, so the server gets its Device, as it is now.
 */
function saysWhose({ body }: StoredWholeRecord): boolean {
  return identityEvent.safeParse(parsed(body)).success;
}

/** The transaction for a measure's bundle as it was sealed. @param body of its record. */
export const asSealed = (body: Uint8Array): Rendered => bundled(body);

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
  const sealed = sealedStatus.safeParse(parsed(record.body)).data;
  const status = sealed?.entry.map(({ resource }) => resource.status).find(isCorrecting) ?? "final";
  const made = toBundle(measurement, person, known.gateway, { ...form, status, effective, specialization });
  if ("bundle" in made) return Buffer.from(toJson(made.bundle));
  return isMendable(made.noBundle, measurement) ? { type: "unmakeable", because: made.noBundle } : { type: "nothing" };
}

/** Whether a word in the configuration would make a bundle of it: then it waits for that as a dead letter. */
function isMendable(noBundle: NoBundle, measurement: Measurement): boolean {
  if (noBundle === "mes-device-unidentified") return true;
  return noBundle === "mes-glucose-moment" && measurement.kind === "glucose" && measurement.meal !== undefined;
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
        status: z.string().optional(),
        identifier: z.array(z.object({ system: z.string(), value: z.string() })).optional(),
      }),
      request: z.object({ method: z.string(), ifNoneExist: z.string().optional() }),
    }),
  ),
});

function bundled(bytes: Uint8Array): Rendered {
  const bundle = transaction.safeParse(parsed(bytes)).data;
  if (bundle === undefined) return { type: "unmakeable", because: "no-transaction" };
  const observation = bundle.entry.find(({ resource }) => resource.resourceType === "Observation")?.resource;
  const [name] = observation?.identifier ?? [];
  const measure = name === undefined ? {} : { measure: `${name.system}|${name.value}` };
  const isCorrection = isCorrecting(observation?.status);
  const isRepeatable = bundle.entry.every(
    ({ request: { method, ifNoneExist } }) => method === "PUT" || ifNoneExist !== undefined,
  );
  return { type: "bundle", bytes, entries: bundle.entry.length, ...measure, isCorrection, isRepeatable };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(bytes).toString());
  } catch {
    return undefined; // no JSON is no transaction, and no event of ours
  }
}
