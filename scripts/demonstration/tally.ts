/** Counts what became of every measure, so that none can go missing without being seen. */
import type { GatewayEvent } from "../../src/events.ts";

/** Every measure is delivered, a duplicate, or quarantined; what is none of the three, or has no receipt, is lost. */
export interface Summary {
  /** Measures that the drivers decoded, repeats included. */
  readonly measured: number;
  /** Of these, how many the broker took towards the platform (failed measures travel as events). */
  readonly delivered: number;
  /** Of these, how many the platform verified: signature, chain, digest. */
  readonly verified: number;
  /** Of these, how many stand under a signed receipt that the gateway accepted. */
  readonly receipted: number;
  readonly duplicates: number;
  readonly quarantined: number;
  readonly lost: number;
}

export class Tally {
  #measured = 0;
  #duplicates = 0;
  #quarantined = 0;
  readonly #travelling = new Set<number>();
  readonly #verified = new Set<number>();
  #delivered = 0;
  #through = 0;

  observe(event: GatewayEvent): void {
    switch (event.type) {
      case "measured":
        this.#measured += 1;
        break;
      case "journaled":
        if (event.as === "duplicate") this.#duplicates += 1;
        else if (event.as === "quarantined") this.#quarantined += 1;
        else this.#travelling.add(event.seq);
        break;
      case "delivered":
        this.#delivered = Math.max(this.#delivered, event.lastSeq);
        break;
      case "receipted":
        this.#through = Math.max(this.#through, event.through);
        break;
      default:
        break;
    }
  }

  /** The platform handed this record over, verified. */
  verified(seq: number): void {
    this.#verified.add(seq);
  }

  summary(): Summary {
    const upTo = (limit: number) => [...this.#travelling].filter((seq) => seq <= limit).length;
    const receipted = upTo(this.#through);
    return {
      measured: this.#measured,
      delivered: upTo(this.#delivered),
      verified: [...this.#travelling].filter((seq) => this.#verified.has(seq)).length,
      receipted,
      duplicates: this.#duplicates,
      quarantined: this.#quarantined,
      lost: this.#measured - this.#duplicates - this.#quarantined - receipted,
    };
  }
}
