import type { Channel } from "../driver/decode.ts";
import type { Driver } from "../driver/define.ts";
import type { Device } from "../measure/measurement.ts";
import type { Instant } from "../measure/time.ts";

/** One frame as a link received it. */
export interface Frame {
  readonly driver: Driver;
  readonly channel: Channel;
  readonly device: Device;
  readonly receivedAt: Instant;
  readonly bytes: Uint8Array;
}

/** What became of a frame. `kept`: everything it held is on disk. `rejected`: it held nothing; counted, bytes kept. */
export type Taken = "kept" | "rejected";

/**
 * What a link needs of the house. `take` resolves when all measurements of the frame are on disk: only then may the link
 * tell the device "received". It rejects (throws) where the journal cannot take them: the device must then keep its reading.
 */
export interface Intake {
  take(frame: Frame): Promise<Taken>;
}
