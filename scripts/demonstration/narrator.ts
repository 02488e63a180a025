/** Tells, line by line, each reading on its way. French first; the words a carer would use. */
import type { GatewayEvent, Observe } from "../../src/events.ts";
import { titleOf } from "../../src/measure/codes.ts";
import type { Measurement } from "../../src/measure/measurement.ts";
import { isQuantity, type Valued } from "../../src/measure/quantity.ts";

const units: Readonly<Record<string, string>> = {
  "mm[Hg]": "mmHg",
  Cel: "°C",
  "[degF]": "°F",
  "/min": "/min",
  "[lb_av]": "lb",
};

/** How the demonstration writes lines: labels of devices by their address. */
export function narrator(labels: ReadonlyMap<string, string>, print: (line: string) => void): Observe {
  return (event) => {
    const line = tell(event, labels);
    if (line !== undefined) print(line);
  };
}

function tell(event: GatewayEvent, labels: ReadonlyMap<string, string>): string | undefined {
  switch (event.type) {
    case "measured":
      return undefined; // told with its journal number, an instant later
    case "rejected":
      return `  ✗  ${column(labelOf(event.device.address, labels), 22)} trame rejetée · rejected: ${event.reason}`;
    case "journaled": {
      const { measurement, seq, label } = event;
      const device = column(labelOf(measurement.device.address, labels), 22);
      const value = column(`${titleOf(measurement.kind).fr} ${valueText(measurement)}`, 44);
      return `  ${marks[event.as]}  ${device} ${value} ${column(label ?? "—", 12)} journal n° ${seq}${remarks[event.as]}`;
    }
    case "delivered":
      return `  →  n° ${range(event.firstSeq, event.lastSeq)} livré · delivered (${event.destination})`;
    case "receipted":
      return `  ✓  n° 1–${event.through} reçu signé de la plateforme · signed receipt (${event.destination})`;
    case "destination":
      return `  ⇄  ${event.destination}: ${event.state}${event.error === undefined ? "" : ` (${event.error.code})`}`;
    case "link":
      return `  ⇄  ${labelOf(event.device ?? event.link, labels)}: ${event.state}`;
    case "device":
      return `  ⇄  ${labelOf(event.device, labels)}: ${event.state}`;
    case "relieved":
      return "  ✓  le journal a de nouveau de la place · the journal has room again";
    case "fault":
      return `  !  ${event.error.code}: ${event.error.definition.what.fr}`;
  }
}

const marks = { measure: "•", failed: "∅", quarantined: "?", duplicate: "=", battery: "•" } as const;
const remarks = {
  measure: "",
  failed: "  mesure échouée, transmise comme événement · failed, sent as an event",
  quarantined: "  en quarantaine : personne d'attribué · quarantined: nobody is assigned",
  duplicate: "  déjà connue · known already",
  battery: "",
} as const;

function valueText(measurement: Measurement): string {
  if (measurement.kind !== "blood-pressure") return written(measurement.value);
  const { systolic, diastolic } = measurement;
  if (!isQuantity(systolic) || !isQuantity(diastolic)) return "sans valeur · no value";
  return `${comma(systolic.value)}/${comma(diastolic.value)} ${units[systolic.unit] ?? systolic.unit}`;
}

function written(valued: Valued): string {
  return isQuantity(valued) ? `${comma(valued.value)} ${units[valued.unit] ?? valued.unit}` : "sans valeur · no value";
}

const comma = (value: { toString(): string }): string => value.toString().replace(".", ",");
const range = (first: number, last: number): string => (first === last ? `${first}` : `${first}–${last}`);
const column = (text: string, width: number): string => text.padEnd(width);
const labelOf = (address: string, labels: ReadonlyMap<string, string>): string => labels.get(address) ?? address;
