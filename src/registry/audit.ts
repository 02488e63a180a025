/** The audit trail: who did what, when and why, in the same chain as the measures and signed with them. */
import { randomBytes } from "node:crypto";
import type { Draft } from "../journal/port.ts";
import type { Instant } from "../measure/time.ts";
import { RecordKind } from "../seal/record.ts";

/** Who orders a change, and why. */
export interface Actor {
  /** A name that the site knows: of the one who ran the command, or of the platform. */
  readonly by: string;
  readonly reason?: string;
}

/** What was done, and to what. References, addresses and dates; never a label, a badge, an INS or a value. */
export interface Deed {
  readonly action: string;
  readonly subject: Readonly<Record<string, unknown>>;
  readonly device?: string;
  readonly person?: string;
}

export function auditDraft({ by, reason }: Actor, { action, subject, device, person }: Deed, now: Instant): Draft {
  const body = {
    type: "audit",
    action,
    at: new Date(now.wall).toISOString(),
    synchronised: now.synchronised,
    by,
    ...(reason === undefined ? {} : { reason }),
    subject,
  };
  return {
    kind: RecordKind.audit,
    id: new Uint8Array(randomBytes(16)),
    body: Buffer.from(JSON.stringify(body)),
    ...(device === undefined ? {} : { device }),
    ...(person === undefined ? {} : { person }),
  };
}

/** Eight hex digits, to name an assignment, a session or a waiting reading by, on a command line. */
export const newId = (): string => randomBytes(4).toString("hex");
