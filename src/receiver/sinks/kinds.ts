import { RecordKind } from "../../seal/record.ts";

/** Kinds of record by the names that platforms see. */
export const kindNames: Readonly<Record<RecordKind, string>> = {
  [RecordKind.measure]: "measure",
  [RecordKind.quarantine]: "quarantine",
  [RecordKind.event]: "event",
  [RecordKind.audit]: "audit",
  [RecordKind.alarm]: "alarm",
};
