/** What a record's body was made from, as it is kept beside it: so that it can be made again, for another flavour or another person. */
import { z } from "zod";
import { integer, parseJson, readMeasurement, toJson } from "./json.ts";
import type { Measurement } from "./measurement.ts";

export interface Source {
  readonly measurement: Measurement;
  /** Whose it was taken to be, by the opaque reference; absent where nobody's. */
  readonly person?: string;
  /** What said so: `assignment:1f0c9a42`, `session:77b0e1d3`, `release:…`. */
  readonly by?: string;
  /** When the record was made, where that is not when the measurement arrived; milliseconds since 1970. */
  readonly madeAt?: number;
  /**
   * Takes the measure back from this person, to whom it was given wrongly: since when destinations may have had it as theirs,
   * milliseconds since 1970.
   */
  readonly retractsSince?: number;
}

const timesShape = z.object({ madeAt: integer.exactOptional(), retractsSince: integer.exactOptional() });

export function writeSource(source: Source): Uint8Array {
  return Buffer.from(toJson(source));
}

/** @throws SyntaxError where it is no JSON; ZodError where it is no source. */
export function readSource(bytes: Uint8Array): Source {
  const value = parseJson(Buffer.from(bytes).toString("utf8"));
  if (typeof value !== "object" || value === null || !("measurement" in value)) {
    throw new SyntaxError("not the source of a record");
  }
  const measurement = readMeasurement(value.measurement);
  const person = "person" in value && typeof value.person === "string" ? { person: value.person } : {};
  const by = "by" in value && typeof value.by === "string" ? { by: value.by } : {};
  return { measurement, ...person, ...by, ...timesShape.parse(value) };
}
