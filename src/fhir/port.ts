/** What a bundle is made of, besides the measurement: who is measured, by which gateway, and for whom it is meant. */
import type { Specialization } from "../measure/codes.ts";
import type { Meal } from "../measure/measurement.ts";
import type { MeasuredAt } from "../measure/site-time.ts";
import type { Bundle, Coding } from "./types.ts";

/** A person as the platform or the structure knows them. */
export interface Person {
  /** Opaque, given by the platform or the structure. Never an INS. */
  readonly reference: string;
  /** Under which system the reference stands (`urn:oid:…` or a URL). */
  readonly system: string;
  /** What the site calls them: `Chambre 12`. For people before the box only; it never enters a bundle. */
  readonly label: string;
  /** Only where the identity is qualified. It leaves only to a destination that is allowed it (`BundleOptions.identity`). */
  readonly ins?: QualifiedIdentity;
  /** The pairing identifier (idPe) of Mon espace santé, where the person has paired. */
  readonly mesPairing?: { readonly system: string; readonly value: string };
}

/** OIDs under which a matricule INS stands; the last two never in production (the registry refuses them). */
export const insOids = {
  "INS-NIR": "1.2.250.1.213.1.4.8",
  "INS-NIA": "1.2.250.1.213.1.4.9",
  "INS-NIR-TEST": "1.2.250.1.213.1.4.10",
  "INS-NIR-DEMO": "1.2.250.1.213.1.4.11",
} as const;
export type InsType = keyof typeof insOids;

/** A qualified identity: status validated, matricule and strict traits as the téléservice INSi returned them. */
export interface QualifiedIdentity {
  readonly type: InsType;
  /** 15 digits (2A and 2B included). */
  readonly matricule: string;
  /** Nom de naissance. */
  readonly birthName: string;
  /** First given name of birth. */
  readonly firstGivenName: string;
  /** All given names of birth, as one text. */
  readonly givenNames: string;
  readonly gender: "male" | "female" | "unknown";
  /** `YYYY-MM-DD`. */
  readonly birthDate: string;
  /** INSEE code of the place of birth. */
  readonly birthPlace: string;
  /** When and how the identity was validated, where known; `mode` is a code of fr-core-cs-mode-validation-identity. */
  readonly validation?: { readonly date?: string; readonly mode?: string };
}

export interface Structure {
  /** FINESS of the geographic entity (FINEG), 9 digits. */
  readonly finess: string;
  /** FINESS of the legal entity (FINEJ), 9 digits. */
  readonly legalFiness?: string;
  readonly name: string;
}

export interface GatewayIdentity {
  /** Stable, `[a-z0-9-]{1,40}`: names the gateway in topics and in segments. */
  readonly id: string;
  readonly structure: Structure;
  /** IEEE EUI-64 of the gateway, 16 upper-case hex digits, where it has one. */
  readonly systemId?: string;
  /** IANA zone of the site, in which devices tell their local time: `Europe/Paris`. */
  readonly timeZone: string;
  /** The software's version. */
  readonly version: string;
  /** How its clock is set. @default "none" */
  readonly timeSync?: TimeSync;
}

/** `ntp` (chrony), `sntp` (systemd-timesyncd), by hand, or not at all. */
export const timeSyncs = ["none", "ntp", "sntp", "manual"] as const;
export type TimeSync = (typeof timeSyncs)[number];

/**
 * For whom a bundle is made.
 * - `platform`: everything we know, for the coordination platform.
 * - `strict`: what the profile asks for and nothing else.
 * - `mes`: as Mon espace santé takes it.
 */
export const flavours = ["platform", "strict", "mes"] as const;
export type Flavour = (typeof flavours)[number];

/** How a resource of the bundle names another: `urn:uuid:<uuid>`, which resolves within a bundle, or `Device/<uuid>`. */
export type ReferenceForm = "urn" | "literal";

/**
 * Where a wrong assignment is corrected, what was sent is updated under the same identifiers: `entered-in-error` takes it back
 * from the wrong person, `amended` gives it to the right one.
 */
export type MeasureStatus = "final" | Correcting;
export type Correcting = "entered-in-error" | "amended";

export const isCorrecting = (status: string | undefined): status is Correcting =>
  status === "entered-in-error" || status === "amended";

export interface BundleOptions {
  readonly flavour: Flavour;
  /** When it was measured, by `measuredAt()` of src/measure/site-time.ts. */
  readonly effective: MeasuredAt;
  /** The device's kind: its driver's specialization. */
  readonly specialization: Specialization;
  /** @default "final" */
  readonly status?: MeasureStatus;
  /** @default "literal" for mes, else "urn" */
  readonly references?: ReferenceForm;
  /** `urn:oid:…` of the sending system, for meta.source. */
  readonly source?: string;
  /** Whether the destination is allowed the INS. @default "opaque" */
  readonly identity?: "opaque" | "ins";
  readonly mes?: MesOptions;
}

/** What only the operator of a connection to Mon espace santé knows. */
export interface MesOptions {
  /** The editor's OID (digits and dots): names the devices that have no System ID. */
  readonly editorOid?: string;
  /** The current codes of JDV J157 (moment of a glucose measure), which Mon espace santé demands for blood glucose. */
  readonly glucoseMoments?: Readonly<Partial<Record<Meal, Coding>>>;
}

/** Why a measurement gives no bundle. It stays in the journal in any case. */
export type NoBundle =
  /** A device's battery is an event. */
  | "battery-level"
  /** The device measured nothing (a failed cuff): an event. */
  | "no-value"
  /** A value with more digits than a decimal holds, after conversion. */
  | "not-representable"
  /** The rules of Mon espace santé: it computes the BMI itself, … */
  | "mes-bmi"
  /** … its bundle does not list the respiratory rate, … */
  | "mes-respiratory-rate"
  /** … it takes no measure without all its values, … */
  | "mes-value-absent"
  /** … a demonstration is no measure of a patient, … */
  | "mes-demonstration"
  /** … the person has not paired, … */
  | "mes-not-paired"
  /** … the device has no System ID, and no editor's OID is configured to name it with, … */
  | "mes-device-unidentified"
  /** … blood glucose needs the moment of the measure, … */
  | "mes-glucose-moment"
  /** … and glucose in interstitial fluid a number of days, which a single reading does not have. */
  | "mes-glucose-days";

export type Outcome = { readonly bundle: Bundle } | { readonly noBundle: NoBundle };
