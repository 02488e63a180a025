/** What delivery and the receiver need of an MQTT connection. One connection, one session object: nothing is kept across. */
import type { VigieError } from "../../errors/error.ts";

/** 5, or 3.1.1, whose brokers report success on a publish they refuse: for brokers that cannot do better. */
export type MqttVersion = "5" | "3.1.1";

export interface TlsMaterial {
  /** PEM. What the broker's certificate has to lead to; without it, the authorities that Node.js trusts. */
  readonly ca?: string;
  /** PEM: the client's own chain and its key, for mutual TLS. */
  readonly cert?: string;
  readonly key?: string;
}

export interface MqttConnectOptions {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string;
  readonly version: MqttVersion;
  readonly clientId: string;
  readonly tls?: TlsMaterial;
  readonly username?: string;
  readonly password?: string;
  readonly keepaliveSeconds?: number;
  /** Where the client says that it is there (./topics.ts); the broker says for it that it is gone. */
  readonly presenceTopic?: string;
  /** How long the broker may take to accept the connection. */
  readonly connectTimeoutMs?: number;
  /** Keeps the subscriptions, and what arrives for them, on the broker for so long after the connection ends (MQTT 5). */
  readonly sessionExpirySeconds?: number;
  /** How many QoS 1 messages the broker may have on the way to us (MQTT 5 Receive Maximum). */
  readonly receiveMaximum?: number;
}

/** What the broker said it takes. */
export interface MqttLimits {
  /** QoS 1 messages on the way at once (MQTT 5 §3.2.2.3.3): 65 535 where it said nothing. */
  readonly receiveMaximum: number;
  /** Bytes of a whole packet (§3.2.2.3.6); infinite where it said nothing. */
  readonly maximumPacketSize: number;
}

export interface MqttHandlers {
  /**
   * Takes a message. The broker's acknowledgement goes out when the promise resolves; where it rejects none does, and the
   * broker sends the message again to whoever continues the session. Messages come one at a time.
   */
  message(topic: string, payload: Uint8Array): void | Promise<void>;
  /** The connection is over, for this reason. Called once, and not after end(). */
  closed(reason: VigieError): void;
}

export interface MqttSession {
  readonly limits: MqttLimits;
  /**
   * Publishes with QoS 1. The caller keeps within `limits`.
   * @returns the PUBACK's reason code (MQTT 5 §3.4.2.1): 0 taken, 0x10 nobody subscribed, from 0x80 on refused.
   * @throws VigieError where the connection ended before the answer: whether the broker has it is then unknown.
   */
  publish(topic: string, payload: Uint8Array): Promise<number>;
  /** Subscribes with QoS 1. @throws VigieError where the broker refuses or the connection ends. */
  subscribe(filter: string): Promise<void>;
  /** Says goodbye and closes. Resolves when the connection is gone. */
  end(): Promise<void>;
}

/** Opens one connection. @param stop gives up an attempt under way. @throws VigieError saying what was in the way. */
export type MqttConnect = (
  options: MqttConnectOptions,
  handlers: MqttHandlers,
  stop?: AbortSignal,
) => Promise<MqttSession>;
