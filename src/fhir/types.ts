/** The part of FHIR R4 (4.0.1) that Vigie writes. Decimals keep their digits: `toJson` of src/measure/json.ts prints them. */
import type { Decimal } from "../measure/decimal.ts";
import type { MeasureStatus } from "./port.ts";

export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

export interface CodeableConcept {
  readonly coding: readonly Coding[];
  readonly text?: string;
}

export interface Identifier {
  readonly use?: "usual" | "official" | "temp";
  readonly type?: CodeableConcept;
  readonly system: string;
  readonly value: string;
}

export interface Quantity {
  readonly extension?: readonly Extension[];
  readonly value: Decimal;
  readonly unit: string;
  readonly system: string;
  readonly code: string;
}

/** To a resource of this bundle or server (`reference`), or to one that only its identifier names. */
export interface Reference {
  readonly reference?: string;
  readonly type?: "Patient" | "Device" | "Organization" | "Observation";
  readonly identifier?: Identifier;
}

export interface Address {
  readonly extension: readonly Extension[];
}

export type Extension =
  | { readonly url: string; readonly extension: readonly Extension[] }
  | { readonly url: string; readonly valueBoolean: boolean }
  | { readonly url: string; readonly valueCode: string }
  | { readonly url: string; readonly valueString: string }
  | { readonly url: string; readonly valueDate: string }
  | { readonly url: string; readonly valueDateTime: string }
  | { readonly url: string; readonly valueInteger: number }
  | { readonly url: string; readonly valueCoding: Coding }
  | { readonly url: string; readonly valueCodeableConcept: CodeableConcept }
  | { readonly url: string; readonly valueQuantity: Quantity }
  | { readonly url: string; readonly valueReference: Reference }
  | { readonly url: string; readonly valueAddress: Address };

export interface Meta {
  readonly source?: string;
  readonly profile: readonly string[];
  readonly security?: readonly Coding[];
}

/** A value, or why there is none: never both (obs-6), never neither (vs-2, vs-3). */
export type Result = { readonly valueQuantity: Quantity } | { readonly dataAbsentReason: CodeableConcept };

export type Component = { readonly code: CodeableConcept } & Result;

/** A panel (blood pressure) has no value of its own. */
export type Observation = {
  readonly resourceType: "Observation";
  /** Ours, for references to it; absent where the server has one already. */
  readonly id?: string;
  readonly meta: Meta;
  readonly extension?: readonly Extension[];
  readonly identifier: readonly [Identifier];
  readonly status: MeasureStatus;
  readonly category: readonly CodeableConcept[];
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly effectiveDateTime: string;
  readonly issued?: string;
  readonly performer: readonly Reference[];
  readonly note?: readonly { readonly text: string }[];
  readonly bodySite?: CodeableConcept;
  readonly device: Reference;
} & (Result | { readonly component: readonly Component[] });

/** What a device's clock showed when the gateway read it (HL7 PhdCoincidentTimeStampObservation). */
export interface CoincidentTimeStamp {
  readonly resourceType: "Observation";
  readonly meta: Meta;
  readonly extension: readonly Extension[];
  readonly status: "final";
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly effectiveDateTime: string;
  readonly valueDateTime: string;
  readonly device: Reference;
}

export interface DiagnosticReport {
  readonly resourceType: "DiagnosticReport";
  readonly id?: string;
  readonly meta: Meta;
  readonly identifier: readonly [Identifier];
  readonly status: MeasureStatus;
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly effectiveDateTime: string;
  readonly performer: readonly Reference[];
  readonly result: readonly Reference[];
}

export interface Device {
  readonly resourceType: "Device";
  readonly id?: string;
  readonly meta: Meta;
  readonly identifier: readonly Identifier[];
  readonly manufacturer?: string;
  readonly serialNumber?: string;
  readonly deviceName?: readonly { readonly name: string; readonly type: "other" | "user-friendly-name" }[];
  readonly modelNumber?: string;
  readonly type: CodeableConcept;
  readonly specialization?: readonly { readonly systemType: CodeableConcept; readonly version: string }[];
  readonly version?: readonly { readonly type: CodeableConcept; readonly value: string }[];
  readonly property?: readonly { readonly type: CodeableConcept; readonly valueCode: readonly CodeableConcept[] }[];
  readonly owner?: Reference;
}

export interface Patient {
  readonly resourceType: "Patient";
  readonly id: string;
  readonly meta: Meta;
  readonly extension: readonly Extension[];
  readonly identifier: readonly Identifier[];
  readonly name: readonly {
    readonly extension: readonly Extension[];
    readonly use: "official";
    readonly family: string;
    readonly given: readonly string[];
  }[];
  readonly gender: "male" | "female" | "unknown";
  readonly birthDate: string;
}

export type Resource = Observation | CoincidentTimeStamp | DiagnosticReport | Device | Patient;

export interface Entry {
  readonly fullUrl: string;
  readonly resource: Resource;
  readonly request: {
    readonly method: "POST" | "PUT";
    readonly url: string;
    /** Search parameters: the resource is created only where none is found (conditional create). */
    readonly ifNoneExist?: string;
  };
}

export interface Bundle {
  readonly resourceType: "Bundle";
  /** Absent where no profile of a bundle lists what is in it. */
  readonly meta?: Meta;
  readonly type: "transaction";
  readonly entry: readonly Entry[];
}
