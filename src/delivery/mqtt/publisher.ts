/** One connection's publishing: what is on the way, within what the broker takes at once and at most. */
import type { MqttSession } from "./port.ts";

/** Fixed header, lengths, packet id and empty properties of a PUBLISH (MQTT 5 §3.3) take 12 bytes at most. */
const PUBLISH_OVERHEAD = 12;

export const packetBytes = (topic: string, payload: Uint8Array): number =>
  payload.length + Buffer.byteLength(topic) + PUBLISH_OVERHEAD;

export class Publisher {
  readonly #session: MqttSession;
  #unacknowledged = 0;

  constructor(session: MqttSession) {
    this.#session = session;
  }

  get hasRoom(): boolean {
    return this.#unacknowledged < this.#session.limits.receiveMaximum;
  }

  /** Bytes of a whole packet, as the broker said it; infinite where it said nothing. */
  get maximumPacketSize(): number {
    return this.#session.limits.maximumPacketSize;
  }

  /** @returns, @throws as MqttSession.publish(). */
  async publish(topic: string, payload: Uint8Array): Promise<number> {
    this.#unacknowledged += 1;
    const code = await this.#session.publish(topic, payload);
    this.#unacknowledged -= 1;
    return code;
  }
}
