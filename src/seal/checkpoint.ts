/** What a pruned journal says of what is gone: how far, and the hash that the first remaining segment must name. */
import { z } from "zod";
import type { ChainHead } from "./chain.ts";
import { isWithheld, RecordKind, type SegmentPayload, type TravellingRecord } from "./record.ts";
import { openRotation, type Rotation, type RotationStatement } from "./rotation.ts";

const CheckpointBody = z.object({
  type: z.literal("checkpoint"),
  through: z.int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  rotations: z.array(z.unknown()),
});

export interface Checkpoint {
  /** The last record that may be missing. */
  readonly through: number;
  /** SHA-256 of the COSE bytes of the segment that ends there, hex. */
  readonly hash: string;
  /** Every change of key so far: their own records may be among what is gone. */
  readonly rotations: readonly Rotation[];
}

export function checkpointBody(through: number, head: Uint8Array, rotations: readonly RotationStatement[]): Uint8Array {
  const hash = Buffer.from(head).toString("hex");
  return Buffer.from(JSON.stringify({ type: "checkpoint", through, hash, rotations }));
}

/**
 * Where the chain begins for somebody who comes after the prune.
 * @param payload of a segment whose signature is good. @param records its records, which fit its digests.
 * @returns the head to follow from, or undefined where the segment holds no checkpoint.
 */
export function anchorIn(payload: SegmentPayload, records: readonly TravellingRecord[]): ChainHead | undefined {
  for (const record of records) {
    const statement = isWithheld(record) || record.kind !== RecordKind.audit ? undefined : chainStatement(record.body);
    // Nothing that is still to come can be pruned: a checkpoint that says so is none.
    if (statement?.type !== "checkpoint" || statement.checkpoint.through >= payload.firstSeq) continue;
    const { through, hash } = statement.checkpoint;
    return { epoch: payload.epoch, lastSeq: through, hash: Buffer.from(hash, "hex") };
  }
  return undefined;
}

/** What a record can say about the chain that it stands in. */
export type ChainStatement =
  | { readonly type: "key-rotation"; readonly rotation: Rotation }
  | { readonly type: "checkpoint"; readonly checkpoint: Checkpoint };

/** @param body of an audit record. @returns undefined where it says nothing about the chain, as most do. */
export function chainStatement(body: Uint8Array): ChainStatement | undefined {
  const value = parse(body);
  const rotation = openRotation(value);
  if (rotation !== undefined) return { type: "key-rotation", rotation };
  const parsed = CheckpointBody.safeParse(value);
  if (!parsed.success) return undefined;
  const { through, hash } = parsed.data;
  const rotations = parsed.data.rotations.map(openRotation).filter((one) => one !== undefined);
  return { type: "checkpoint", checkpoint: { through, hash, rotations } };
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    // An audit entry is JSON; bytes that are none say nothing about the chain.
    return undefined;
  }
}
