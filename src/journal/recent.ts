/**
 * The newest segments as they were committed. Delivery that keeps up asks for each as soon as it is on the disk: what is
 * still here is not read back, taken out of its boxes and made again.
 */
import type { StoredSegment } from "./port.ts";

/** Some 250 bundles with their measurements: one full segment, or the lone readings of a second or two. */
const MOST_BYTES = 1024 ** 2;

export class Recent {
  #segments: { readonly segment: StoredSegment; readonly bytes: number }[] = [];
  #bytes = 0;
  #isPaused = false;

  /** The one that follows those that are here. */
  add(segment: StoredSegment): void {
    if (this.#isPaused) return;
    const bytes = segment.records.reduce((sum, record) => {
      return "withheld" in record ? sum : sum + record.body.length + (record.source?.length ?? 0);
    }, segment.segment.length);
    this.#segments.push({ segment, bytes });
    this.#bytes += bytes;
    while (this.#bytes > MOST_BYTES) this.#bytes -= this.#segments.shift()?.bytes ?? 0;
  }

  /** As JournalReader.segments(). @returns undefined where the first of them is to be read from the file. */
  segments(fromSeq: number, maxRecords: number): readonly StoredSegment[] | undefined {
    const start = this.#segments.findIndex(({ segment }) => segment.firstSeq <= fromSeq && fromSeq <= segment.lastSeq);
    if (start < 0) return undefined;
    const found: StoredSegment[] = [];
    let records = 0;
    for (const { segment } of this.#segments.slice(start)) {
      records += segment.records.length;
      if (found.length > 0 && records > maxRecords) break;
      found.push(segment);
    }
    return found;
  }

  /** While what is in the file is being changed (erased, boxed anew), all is read from there. */
  pause(): void {
    this.#isPaused = true;
    this.forget();
  }

  resume(): void {
    this.#isPaused = false;
  }

  /** Where one is not added, so that what is here has no gap and ends where the journal ends. */
  forget(): void {
    this.#segments = [];
    this.#bytes = 0;
  }
}
