/** Reads what the state's databases give back; anything else than what the schema promises is damage. */
import { z } from "zod";
import type { ChainHead } from "../seal/chain.ts";
import { errors } from "./errors.ts";
import type { GatewayRotation, KeptRotation, Position, Refusal, Undated } from "./port.ts";

// SQLite gives integers as numbers, PostgreSQL a bigint as text: both stay below 2^53.
const integer = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)]);
const bytes = z.instanceof(Uint8Array);
const refusals = z.array(z.object({ seq: z.int(), reason: z.string() }));

const epochRow = z.object({ last_seq: integer, hash: bytes, exceptions: z.string() });
const idRow = z.object({ id: bytes });
const hashRow = z.object({ hash: bytes });
const countRow = z.object({ count: integer });

const rotationRow = z.object({ epoch: integer, seq: integer, statement: z.string() });
const gatewayRotationRow = rotationRow.extend({ gateway: z.string() });
const undatedRow = z.object({
  epoch: integer,
  first_seq: integer,
  last_seq: integer,
  boot: z.string(),
  monotonic_ms: integer,
  sealed_at_ms: integer,
});
const positionRow = z.object({ epoch: integer, last_seq: integer });
/** Of a rotation's statement, what it is found by. */
const led = z.object({ kid: z.string() });

export interface EpochStanding {
  readonly head: ChainHead;
  readonly exceptions: readonly Refusal[];
}

export function standingIn(rows: readonly unknown[], epoch: number): EpochStanding | undefined {
  const row = rows[0];
  if (row === undefined) return undefined;
  const { last_seq, hash, exceptions } = parse(epochRow, row);
  return { head: { epoch, lastSeq: last_seq, hash }, exceptions: parse(refusals, json(exceptions)) };
}

export const idsIn = (rows: readonly unknown[]): Uint8Array[] => rows.map((row) => parse(idRow, row).id);

export const hashIn = ([row]: readonly unknown[]): Uint8Array | undefined =>
  row === undefined ? undefined : parse(hashRow, row).hash;

export const rotationsIn = (rows: readonly unknown[]): KeptRotation[] => rows.map((row) => parse(rotationRow, row));

export const gatewayRotationsIn = (rows: readonly unknown[]): GatewayRotation[] =>
  rows.map((row) => parse(gatewayRotationRow, row));

export const undatedIn = (rows: readonly unknown[]): Undated[] =>
  rows.map((row) => {
    const { epoch, first_seq, last_seq, boot, monotonic_ms, sealed_at_ms } = parse(undatedRow, row);
    const [firstSeq, lastSeq, monotonicMs, sealedAtMs] = [first_seq, last_seq, monotonic_ms, sealed_at_ms];
    return { epoch, firstSeq, lastSeq, bootId: boot, monotonicMs, sealedAtMs };
  });

export const positionsIn = (rows: readonly unknown[]): Position[] =>
  rows.map((row) => {
    const { epoch, last_seq: lastSeq } = parse(positionRow, row);
    return { epoch, lastSeq };
  });

/** The key that a change leads to, in hex. */
export const kidOfStatement = (statement: string): string => parse(led, json(statement)).kid;

export const countIn = ([row]: readonly unknown[]): number => (row === undefined ? 0 : parse(countRow, row).count);

function parse<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw errors.RECEIVER_STATE_DAMAGED({ cause: parsed.error });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw errors.RECEIVER_STATE_DAMAGED({ cause });
  }
}
