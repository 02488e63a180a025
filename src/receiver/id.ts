import type { RecordId } from "../seal/record.ts";

/** A record's id as it is compared, kept and printed: lower-case hex. */
export const idText = (id: RecordId): string => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("hex");
