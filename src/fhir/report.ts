/** The DiagnosticReport without which the guide's biology bundle takes no glucose and no HbA1c. */
import type { Clinical } from "./coding.ts";
import type { ReferenceForm } from "./port.ts";
import { ownIdentifier, refer, uuidFrom } from "./reference.ts";
import { concept, LOINC, profiles } from "./systems.ts";
import type { DiagnosticReport, Observation } from "./types.ts";

/** The profile fixes the display too, letter by letter. */
const LABORATORY_REPORT = concept({
  system: LOINC,
  code: "11502-2",
  display: "Compte rendu du laboratoire [Recherche] Patient ; Document",
});

export function isBiology({ kind }: Clinical): boolean {
  return kind === "glucose" || kind === "hba1c";
}

/** A report on one observation, with nothing in it that the observation does not say. */
export function diagnosticReportOf(observation: Observation, form: ReferenceForm): DiagnosticReport {
  const [{ value: observed }] = observation.identifier;
  const uuid = uuidFrom("report", observed);
  return {
    resourceType: "DiagnosticReport",
    id: uuid,
    meta: { profile: [profiles.diagnosticReport] },
    identifier: [ownIdentifier(uuid)],
    status: observation.status,
    code: LABORATORY_REPORT,
    subject: observation.subject,
    effectiveDateTime: observation.effectiveDateTime,
    performer: observation.performer,
    result: [refer("Observation", observed, form)],
  };
}
