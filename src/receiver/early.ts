/** Segments that overtook others: held until the gap before them closes, within bounds, because nobody signed the gap. */
import type { Arrived } from "./arrived.ts";

export interface EarlyBounds {
  readonly segmentsPerGateway: number;
  /** Over all gateways. */
  readonly bytes: number;
}

export class EarlySegments {
  readonly #bounds: EarlyBounds;
  readonly #byGateway = new Map<string, Map<string, Arrived>>();
  #bytes = 0;

  constructor(bounds: EarlyBounds) {
    this.#bounds = bounds;
  }

  /** @returns false where there is no room; it has to come again. */
  hold(segment: Arrived): boolean {
    const { gateway, epoch, firstSeq } = segment.payload;
    const held = this.#byGateway.get(gateway) ?? new Map<string, Arrived>();
    const place = placeOf(epoch, firstSeq);
    if (held.has(place)) return true;
    if (held.size >= this.#bounds.segmentsPerGateway || this.#bytes + segment.bytes > this.#bounds.bytes) return false;
    held.set(place, segment);
    this.#byGateway.set(gateway, held);
    this.#bytes += segment.bytes;
    return true;
  }

  holds(gateway: string): boolean {
    return this.#byGateway.has(gateway);
  }

  /** Takes out the segment that begins there. */
  take(gateway: string, epoch: number, firstSeq: number): Arrived | undefined {
    const held = this.#byGateway.get(gateway);
    const place = placeOf(epoch, firstSeq);
    const segment = held?.get(place);
    if (held === undefined || segment === undefined) return undefined;
    held.delete(place);
    if (held.size === 0) this.#byGateway.delete(gateway);
    this.#bytes -= segment.bytes;
    return segment;
  }

  /** Drops what lies at or behind the head: another receiver has it. */
  forgetThrough(gateway: string, epoch: number, lastSeq: number): void {
    const held = this.#byGateway.get(gateway);
    for (const { payload } of held?.values() ?? []) {
      if (payload.epoch === epoch && payload.firstSeq <= lastSeq) this.take(gateway, payload.epoch, payload.firstSeq);
    }
  }
}

const placeOf = (epoch: number, firstSeq: number): string => `${epoch}:${firstSeq}`;
