/** Who is measured, as a bundle names them. */
import { type BundleOptions, type InsType, insOids, type Person, type QualifiedIdentity } from "./port.ts";
import { formOf, fullUrl, refer, search, uuidFrom } from "./reference.ts";
import { codeSystems, concept, frCore, hl7, identifierSystems, profiles } from "./systems.ts";
import type { Entry, Extension, Identifier, Patient, Reference } from "./types.ts";

const RELIABILITY = frCore("fr-core-identity-reliability");
const COMMUNE = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM";
const VALIDATION_MODE = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-mode-validation-identity";

/**
 * The subject. The profile wants a French Patient; the box does not know the server's, so it is named by its identifier.
 * @returns undefined where Mon espace santé is meant and the person has not paired.
 */
export function subjectOf(person: Person, options: BundleOptions): Reference | undefined {
  if (options.flavour === "mes") {
    return person.mesPairing === undefined ? undefined : { type: "Patient", identifier: person.mesPairing };
  }
  const identifier = { system: person.system, value: person.reference };
  if (carriedIdentity(person, options) === undefined) return { type: "Patient", identifier };
  return { ...refer("Patient", patientUuid(person), formOf(options)), identifier };
}

/** The Patient with the INS, where the destination is allowed it and the identity is qualified: else none. */
export function patientEntries(person: Person, options: BundleOptions): readonly Entry[] {
  const ins = carriedIdentity(person, options);
  if (ins === undefined) return [];
  const resource = patientOf(person, ins);
  const request = { method: "POST", url: "Patient", ifNoneExist: search(insIdentifier(ins)) } as const;
  return [{ fullUrl: fullUrl(resource.id), resource, request }];
}

function carriedIdentity({ ins }: Person, { flavour, identity }: BundleOptions): QualifiedIdentity | undefined {
  return identity === "ins" && flavour !== "mes" ? ins : undefined;
}

const patientUuid = ({ system, reference }: Person): string => uuidFrom("patient", system, reference);

/** In FR Core 2.1.0 a waiting matricule (NIA) is temporary, every other is official. */
const uses = {
  "INS-NIR": "official",
  "INS-NIA": "temp",
  "INS-NIR-TEST": "official",
  "INS-NIR-DEMO": "official",
} as const satisfies Record<InsType, Identifier["use"]>;

function insIdentifier({ type, matricule }: QualifiedIdentity): Identifier {
  return {
    use: uses[type],
    type: concept({ system: codeSystems.frIdentifierTypes, code: type }),
    system: `urn:oid:${insOids[type]}`,
    value: matricule,
  };
}

/** The strict traits and the matricule, as fr-core-patient-ins 2.1.0 wants them. */
function patientOf(person: Person, ins: QualifiedIdentity): Patient {
  const { validation } = ins;
  const reliability: Extension[] = [
    { url: "identityStatus", valueCoding: { system: codeSystems.identityStatus, code: "VALI" } },
  ];
  if (validation?.date !== undefined) reliability.push({ url: "validationDate", valueDate: validation.date });
  if (validation?.mode !== undefined) {
    reliability.push({ url: "validationMode", valueCoding: { system: VALIDATION_MODE, code: validation.mode } });
  }
  const birthPlace = {
    url: frCore("fr-core-address-insee-code"),
    valueCoding: { system: COMMUNE, code: ins.birthPlace },
  };
  return {
    resourceType: "Patient",
    id: patientUuid(person),
    meta: { profile: [profiles.patientIns] },
    extension: [
      { url: RELIABILITY, extension: reliability },
      { url: hl7("patient-birthPlace"), valueAddress: { extension: [birthPlace] } },
    ],
    identifier: [insIdentifier(ins), { system: person.system, value: person.reference }],
    name: [
      {
        extension: [{ url: frCore("fr-core-patient-birth-list-given-name"), valueString: ins.givenNames }],
        use: "official",
        family: ins.birthName,
        given: [ins.firstGivenName],
      },
    ],
    gender: ins.gender,
    birthDate: ins.birthDate,
  };
}

/** An organisation by its FINESS: of the geographic entity (FINEG) or of the legal one (FINEJ). */
export function organisation(type: "FINEG" | "FINEJ", finess: string): Reference {
  const identifier = {
    type: concept({ system: codeSystems.frIdentifierTypes, code: type }),
    system: identifierSystems.finess,
    value: finess,
  };
  return { type: "Organization", identifier };
}
