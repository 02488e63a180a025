/**
 * MQTT.js, behind ./port.ts. Its queue and its own reconnecting are left unused, on purpose: queued messages live in
 * memory, are overwritten past 65 535, and one that the broker finds too large is sent again for ever. So every
 * connection is a client of its own, which is thrown away with everything in it when the connection ends.
 */
import { Socket } from "node:net";
import mqtt, { type IClientOptions, type IConnackPacket, type MqttClient } from "mqtt";
import { isVigieError, type VigieError } from "../../errors/error.ts";
import { say } from "../../errors/sentence.ts";
import { errors } from "../errors.ts";
import { troubleOf, troubleOfReason } from "../trouble.ts";
import type { MqttConnect, MqttConnectOptions, MqttHandlers, MqttSession } from "./port.ts";
import { Presence } from "./topics.ts";

/** Nothing for 1.5 × 30 s: the broker is frozen or the way to it half-open. 2 × 2 bytes a ping are 12 kB a day. */
const KEEPALIVE_SECONDS = 30;
const CONNECT_TIMEOUT_MS = 20_000;
/** Three of them before a platform's shortest reasonable patience, a quarter of an hour. 60 bytes each: 17 kB a day. */
const PRESENT_EVERY_MS = 5 * 60_000;
const GOODBYE_MS = 1_000;
/** PUBACK: nobody subscribed (MQTT 5 §3.4.2.1). */
const NOBODY = 0x10;

export const connectMqtt: MqttConnect = (options, handlers, stop) =>
  new Promise((resolve, reject) => {
    let client: MqttClient;
    try {
      client = mqtt.connect(options.url, clientOptions(options));
    } catch (error) {
      // A certificate and a key that do not belong together: tls throws before any byte is sent.
      reject(troubleOf(error));
      return;
    }
    // With Nagle's algorithm on, a small segment waits 40 ms for the acknowledgement of the one before.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    // Before the connection stands: a continued session's messages come in the same breath as its CONNACK.
    client.handleMessage = takingMessages(handlers);
    let trouble: VigieError | undefined;
    const note = (error: unknown): void => {
      trouble ??= readTrouble(error);
    };
    const giveUp = (): void => {
      client.stream.destroy();
    };
    const failed = (): void => {
      stop?.removeEventListener("abort", giveUp);
      client.end(true);
      reject(trouble ?? errors.DELIVERY_UNREACHABLE({ found: closedUnaccepted }));
    };
    client.on("error", note);
    client.once("close", failed);
    stop?.addEventListener("abort", giveUp);
    client.once("connect", (connack) => {
      stop?.removeEventListener("abort", giveUp);
      client.off("close", failed);
      client.off("error", note);
      if (options.presenceTopic !== undefined) sayPresent(client, options.presenceTopic);
      resolve(openSession(client, connack, handlers, options.presenceTopic));
    });
  });

/** At once, and while the connection stands. Not retained, which not every broker takes: who comes later hears the next one. */
function sayPresent(client: MqttClient, topic: string): void {
  const sayOnline = (): void => void client.publish(topic, Presence.online, { qos: 0 });
  sayOnline();
  const again = setInterval(sayOnline, PRESENT_EVERY_MS);
  again.unref();
  client.once("close", () => clearInterval(again));
}

const closedUnaccepted = say("fermée avant d'être acceptée", "closed before it was accepted");

function clientOptions(options: MqttConnectOptions): IClientOptions {
  const isV5 = options.version === "5";
  const { sessionExpirySeconds, receiveMaximum, tls, presenceTopic } = options;
  return {
    clientId: options.clientId,
    protocolVersion: isV5 ? 5 : 4,
    clean: sessionExpirySeconds === undefined,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    keepalive: options.keepaliveSeconds ?? KEEPALIVE_SECONDS,
    connectTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    timerVariant: "native",
    // The topic of a gateway's segments is always the same 50 bytes; from the second one on it is 2 (MQTT 5 §3.3.2.3.4).
    autoAssignTopicAlias: isV5,
    ...(presenceTopic !== undefined && {
      will: { topic: presenceTopic, payload: Buffer.from(Presence.offline), qos: 0, retain: false },
    }),
    ...(options.username !== undefined && { username: options.username }),
    ...(options.password !== undefined && { password: options.password }),
    ...(tls?.ca !== undefined && { ca: tls.ca }),
    ...(tls?.cert !== undefined && { cert: tls.cert }),
    ...(tls?.key !== undefined && { key: tls.key }),
    ...(isV5 && {
      properties: {
        ...(sessionExpirySeconds !== undefined && { sessionExpiryInterval: sessionExpirySeconds }),
        ...(receiveMaximum !== undefined && { receiveMaximum }),
      },
    }),
  };
}

function openSession(
  client: MqttClient,
  connack: IConnackPacket,
  handlers: MqttHandlers,
  presenceTopic: string | undefined,
): MqttSession {
  let trouble: VigieError | undefined;
  let ending = false;
  /** The one reason code above 0 that MQTT.js takes for success and does not pass on. */
  const answeredNobody = new Set<number>();
  const unanswered = new Set<(reason: VigieError) => void>();

  client.on("error", (error) => {
    trouble ??= readTrouble(error);
  });
  client.on("disconnect", ({ reasonCode }) => {
    if (reasonCode !== undefined && reasonCode !== 0) trouble ??= troubleOfReason(reasonCode);
  });
  client.on("packetreceive", (packet) => {
    if (packet.cmd === "puback" && packet.reasonCode === NOBODY) answeredNobody.add(packet.messageId ?? 0);
  });
  client.once("close", () => {
    const reason = trouble ?? errors.DELIVERY_CONNECTION_LOST();
    // MQTT.js forgets the callbacks of what it published when the other side closes.
    for (const reject of unanswered) reject(reason);
    unanswered.clear();
    client.end(true);
    if (!ending) handlers.closed(reason);
  });

  const { receiveMaximum = 65_535, maximumPacketSize = Number.POSITIVE_INFINITY } = connack.properties ?? {};
  return {
    limits: { receiveMaximum, maximumPacketSize },
    publish: (topic, payload) =>
      new Promise((resolve, reject) => {
        if (!client.connected) return reject(trouble ?? errors.DELIVERY_CONNECTION_LOST());
        unanswered.add(reject);
        client.publish(topic, asBuffer(payload), { qos: 1 }, (error, packet) => {
          if (!unanswered.delete(reject)) return;
          const reason = reasonOf(error);
          if (reason !== undefined) resolve(reason);
          else if (error) reject(errors.DELIVERY_CONNECTION_LOST({ cause: error }));
          else resolve(answeredNobody.delete(packet?.messageId ?? 0) ? NOBODY : 0);
        });
      }),
    subscribe: (filter) =>
      new Promise((resolve, reject) => {
        if (!client.connected) return reject(trouble ?? errors.DELIVERY_CONNECTION_LOST());
        client.subscribe(filter, { qos: 1 }, (error) => {
          const reason = reasonOf(error);
          if (reason !== undefined) reject(troubleOfReason(reason));
          else if (error)
            reject(errors.DELIVERY_REFUSED({ found: say("l'abonnement", "the subscription"), cause: error }));
          else resolve();
        });
      }),
    end: () =>
      new Promise((resolve) => {
        ending = true;
        if (!client.connected) return resolve();
        // Who says goodbye leaves no will behind (MQTT 5 §3.14.4).
        if (presenceTopic !== undefined) client.publish(presenceTopic, Presence.offline, { qos: 0 });
        // A frozen broker answers neither PUBLISH nor FIN; nobody waits for it.
        const giveUp = setTimeout(() => client.stream.destroy(), GOODBYE_MS);
        client.once("close", () => {
          clearTimeout(giveUp);
          resolve();
        });
        client.end(unanswered.size > 0);
      }),
  };
}

function takingMessages(handlers: MqttHandlers): MqttClient["handleMessage"] {
  return ({ topic, payload }, done) => {
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    const handle = async (): Promise<void> => handlers.message(topic, bytes);
    handle().then(
      () => done(),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  };
}

/** MQTT.js puts MQTT's reason codes and the system's error codes into the same property: a number is MQTT's. */
function reasonOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "number" ? error.code : undefined;
}

function readTrouble(error: unknown): VigieError {
  const reason = reasonOf(error);
  if (reason !== undefined) return troubleOfReason(reason);
  return isVigieError(error) ? error : troubleOf(error);
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
