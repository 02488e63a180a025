/**
 * What one POST carries: several whole messages, one behind the other (a CBOR sequence, RFC 8742), or a portion of one that
 * is too large. Pure.
 */
import type { StoredSegment } from "../../journal/port.ts";
import type { Encoding } from "../../seal/encoding.ts";
import { halves, type Packed, type Portion, pack, wholeOf } from "../portion.ts";
import type { Withhold } from "../withhold.ts";

export interface Batch {
  readonly bytes: Uint8Array;
  /** The last record of what it carries. */
  readonly lastSeq: number;
  /** Whether all bodies of its segments are out once it is taken. */
  readonly completes: boolean;
  /** The records whose bodies it shows. */
  readonly shown: readonly number[];
}

export interface BatchBounds {
  readonly encoding: Encoding;
  readonly withhold: Withhold;
  readonly maxBytes: number;
}

/** The first POST of these segments: as many as fit, but at least one body; or the portions of the first, one after the other. */
export function firstBatch(segments: readonly StoredSegment[], bounds: BatchBounds): readonly Batch[] {
  const { encoding, withhold, maxBytes } = bounds;
  const whole: Packed[] = [];
  let size = 0;
  for (const segment of segments) {
    const packed = pack(wholeOf(segment), withhold, encoding);
    size += packed.bytes.length;
    if (size > maxBytes) break;
    whole.push(packed);
  }
  if (whole.length > 0) return [batchOf(whole)];
  const [first] = segments;
  return first === undefined ? [] : portionsOf(wholeOf(first), bounds).map((packed) => batchOf([packed]));
}

/** One segment in portions that fit, or of one body where that alone is larger. In order of the records. */
function portionsOf(portion: Portion, bounds: BatchBounds): readonly Packed[] {
  const packed = pack(portion, bounds.withhold, bounds.encoding);
  if (packed.bytes.length <= bounds.maxBytes || packed.shown.length <= 1) return [packed];
  return halves(packed).flatMap((half) => portionsOf(half, bounds));
}

function batchOf(packed: readonly Packed[]): Batch {
  const last = packed.at(-1)?.portion;
  return {
    bytes: Buffer.concat(packed.map(({ bytes }) => bytes)),
    lastSeq: last?.segment.lastSeq ?? 0,
    completes: last?.isLast ?? false,
    shown: packed.flatMap(({ shown }) => shown.map(({ seq }) => seq)),
  };
}
