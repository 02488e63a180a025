/** What a destination is for: which kinds of measure, of which devices, of which persons. The rest is kept back from it. */
import { z } from "zod";
import type { StoredWholeRecord } from "../journal/port.ts";
import type { MeasureKind } from "../measure/measurement.ts";
import type { Clock } from "../measure/time.ts";
import { RecordKind } from "../seal/record.ts";
import type { Withhold } from "./withhold.ts";

/** Each list, where it is there, names all that a destination may have. */
export interface Only {
  readonly kinds?: readonly MeasureKind[] | undefined;
  /** Addresses. */
  readonly devices?: readonly string[] | undefined;
  /** Opaque references. */
  readonly persons?: readonly string[] | undefined;
}

/** What a person said about a destination. */
export interface Consent {
  /** Whether a destination may have what is this person's, asked when it is sent, with the time of then. */
  mayReceive(person: string, destination: string, at: number): boolean;
  /** Whether a destination may have had at some moment since then what is this person's; it must then get what takes it back. */
  mayHaveReceived(person: string, destination: string, since: number, now: number): boolean;
}

export interface RouteParts {
  readonly destination: string;
  readonly only?: Only | undefined;
  readonly consent?: Consent | undefined;
  readonly clock: Clock;
}

/**
 * Kinds and devices are asked of every record that a device's reading became, persons of every measure. What cannot be
 * told (a body that names nobody) is kept back wherever it would matter.
 */
export function routing({ destination, only = {}, consent, clock }: RouteParts): Withhold {
  const { kinds, devices, persons } = only;
  const asksSource = kinds !== undefined || devices !== undefined;
  const asksPerson = persons !== undefined || consent !== undefined;
  return (record) => {
    const isMeasure = record.kind === RecordKind.measure;
    if (asksSource && (isMeasure || record.source !== undefined)) {
      const reading = readingOf(record);
      if (reading === undefined) return true;
      if (kinds !== undefined && !kinds.some((kind) => kind === reading.kind)) return true;
      if (devices !== undefined && !devices.includes(reading.device.address)) return true;
    }
    if (!asksPerson || !isMeasure) return false;
    const person = personOf(record);
    if (person === undefined || (persons !== undefined && !persons.includes(person))) return true;
    if (consent === undefined) return false;
    const [now, since] = [clock.now().wall, sourceOf(record)?.retractsSince];
    // What takes a measure back follows it wherever it may have gone, though consent was withdrawn since.
    return since === undefined
      ? !consent.mayReceive(person, destination, now)
      : !consent.mayHaveReceived(person, destination, since, now);
  };
}

const readingShape = z.object({ kind: z.string(), device: z.object({ address: z.string() }) });
const sourceShape = z.object({
  measurement: readingShape,
  person: z.string().optional(),
  retractsSince: z.number().optional(),
});

/** What a record was made from: its kind of measure and its device. */
export function readingOf(record: StoredWholeRecord): z.output<typeof readingShape> | undefined {
  return sourceOf(record)?.measurement;
}

function sourceOf({ source }: StoredWholeRecord): z.output<typeof sourceShape> | undefined {
  return source === undefined ? undefined : sourceShape.safeParse(parsed(source)).data;
}

const subjectShape = z.object({
  entry: z.array(
    z.object({ resource: z.object({ subject: z.object({ identifier: z.object({ value: z.string() }) }).optional() }) }),
  ),
});

/** Whose measure it is, by the opaque reference that is kept beside it, else by the one that its bundle names. */
export function personOf(record: StoredWholeRecord): string | undefined {
  const person = sourceOf(record)?.person;
  if (person !== undefined) return person;
  const bundle = subjectShape.safeParse(parsed(record.body)).data;
  return bundle?.entry.find(({ resource }) => resource.subject !== undefined)?.resource.subject?.identifier.value;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  } catch {
    return undefined; // no JSON: nothing is known of it, and the caller keeps it back
  }
}
