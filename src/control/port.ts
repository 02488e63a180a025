/** What the command line asks of a gateway, whether it is running (one JSON line over a socket) or not (in process). */
import { z } from "zod";
import { letterShape } from "../delivery/dead-letters.ts";
import { quarantineReasons } from "../registry/port.ts";
import { assignmentShape, consentShape, deviceShape, media, sessionShape } from "../registry/shape.ts";
import { healthShape } from "./health.ts";

/** The journal's two keys: what signs its segments, and what encrypts its bodies. */
export const keyUses = ["signing", "box"] as const;
export type KeyUse = (typeof keyUses)[number];

const actor = z.strictObject({ by: z.string().min(1).max(80), reason: z.string().min(1).max(500).exactOptional() });
const reasoned = z.strictObject({ by: z.string().min(1).max(80), reason: z.string().min(1).max(500) });
const text = z.string();
const at = z.int();
const sentence = z.strictObject({ fr: text, en: text });

const demand = <Name extends string, Fields extends z.ZodRawShape>(name: Name, fields: Fields) =>
  z.strictObject({ do: z.literal(name), ...fields });

export const requestShape = z.discriminatedUnion("do", [
  demand("health", {}),
  demand("journal-status", {}),
  /** Whole segments from the one that holds `from` on. They hold health data: the socket is its owner's alone. */
  demand("journal-segments", { from: at, max: z.int().min(1).max(1_024) }),
  demand("journal-verify", {}),
  /** Holds the secret of the new key: the socket is its owner's alone, and no answer, log or error repeats it. */
  demand("key-rotate", { use: z.enum(keyUses), key: z.string().regex(/^[0-9a-f]{64}$/), actor }),
  demand("registry-show", {}),
  demand("registry-export", { identities: z.boolean() }),
  demand("registry-apply", { document: z.unknown(), dryRun: z.boolean(), actor }),
  demand("device-put", { device: z.unknown(), actor }),
  demand("device-remove", { device: text, actor }),
  /** Begins to look for devices that can be paired; whoever was at it before is stopped. */
  demand("pairing-begin", {}),
  /** Answers once something has happened since: a device was heard, a number is asked for, it is over. */
  demand("pairing-look", { pairing: text, since: at }),
  /** Pairs a device that was heard, and enrols it under its label. */
  demand("pairing-pick", { pairing: text, address: text, label: text, driver: text.exactOptional(), actor }),
  /** The number that the device shows, or whether it shows the same one. */
  demand("pairing-answer", { pairing: text, passkey: text.exactOptional(), same: z.boolean().exactOptional() }),
  demand("pairing-end", { pairing: text }),
  demand("person-put", { person: z.unknown(), actor }),
  /** Without a badge: it is taken away. */
  demand("person-badge", { person: text, badge: text.exactOptional(), actor }),
  /** Gives a person the next badge that is shown to a reader; answers once it was. */
  demand("badge-learn", { person: text, reader: text, actor }),
  demand("person-remove", { person: text, actor }),
  demand("person-erase", { person: text, actor: reasoned }),
  demand("assign-add", {
    device: text,
    userSlot: z.int().exactOptional(),
    person: text,
    from: at.exactOptional(),
    until: at.exactOptional(),
    actor,
  }),
  demand("assign-end", { id: text, at: at.exactOptional(), actor }),
  demand("assign-correct", {
    id: text,
    person: text,
    from: at.exactOptional(),
    until: at.exactOptional(),
    actor: reasoned,
  }),
  demand("session-open", {
    device: text,
    person: text.exactOptional(),
    badge: text.exactOptional(),
    lasts: z.int().positive().exactOptional(),
    actor,
  }),
  demand("session-close", { device: text, actor }),
  demand("quarantine-list", {}),
  demand("quarantine-release", { id: text, person: text.exactOptional(), actor: reasoned }),
  demand("quarantine-discard", { id: text, actor: reasoned }),
  demand("deliveries-dead", { destination: text.exactOptional() }),
  demand("deliveries-retry", { destination: text, seqs: z.array(z.int().positive()).min(1).max(10_000), actor }),
  demand("consent-say", {
    what: z.enum(["given", "withdrawn"]),
    person: text,
    destination: text,
    medium: z.enum(media),
    at: at.exactOptional(),
    actor,
  }),
]);
export type Request = z.output<typeof requestShape>;

const nearby = z.strictObject({
  address: text,
  name: text.exactOptional(),
  driver: text.exactOptional(),
  rssi: z.number().exactOptional(),
  isKnown: z.boolean(),
});

const stage = <Name extends string, Fields extends z.ZodRawShape>(name: Name, fields: Fields) =>
  z.strictObject({ at: z.literal(name), ...fields });

/** Where a pairing stands; the last two are its end. */
const pairingStage = z.discriminatedUnion("at", [
  stage("searching", {}),
  stage("pairing", {}),
  /** To be typed on the device. */
  stage("show", { passkey: text }),
  /** Does the device show the same? */
  stage("confirm", { passkey: text }),
  /** What does the device show? */
  stage("ask", {}),
  stage("paired", { address: text, label: text, driver: text }),
  stage("failed", { code: text, found: sentence.exactOptional() }),
]);
export type PairingStage = z.output<typeof pairingStage>;

/** A person as commands may show one: never the INS, never the badge's number. */
const shownPerson = z.strictObject({
  reference: text,
  system: text,
  label: text,
  qualified: z.boolean(),
  badge: z.boolean(),
});

/** A waiting measurement as commands may show one: never its value. */
const shownWaiting = z.strictObject({
  id: text,
  reason: z.enum(quarantineReasons),
  kind: text,
  device: text,
  userSlot: z.int().exactOptional(),
  measuredAt: text,
  receivedAt: text,
});

const answer = <Name extends string, Fields extends z.ZodRawShape>(name: Name, fields: Fields) =>
  z.strictObject({ is: z.literal(name), ...fields });

export const answerShape = z.discriminatedUnion("is", [
  answer("done", { id: text.exactOptional(), amended: z.int().exactOptional(), erased: z.int().exactOptional() }),
  answer("registry", {
    /** The site's, in which times are shown. */
    timeZone: text,
    devices: z.array(deviceShape),
    /** What the log of the running gateway calls each of them, in their order. */
    inLog: z.array(text).exactOptional(),
    persons: z.array(shownPerson),
    assignments: z.array(assignmentShape),
    consents: z.array(consentShape),
    sessions: z.array(sessionShape),
  }),
  answer("pairing", { pairing: text, revision: z.int(), stage: pairingStage, nearby: z.array(nearby) }),
  answer("document", { document: z.unknown() }),
  answer("changes", {
    changes: z.array(
      z.strictObject({
        do: z.enum(["add", "change", "end", "remove"]),
        what: z.enum(["device", "person", "assignment", "consent"]),
        name: text,
      }),
    ),
  }),
  answer("quarantine", { waiting: z.array(shownWaiting) }),
  answer("status", {
    status: z.strictObject({
      gateway: text,
      publicKey: text,
      epoch: z.int(),
      lastSeq: z.int(),
      segments: z.int(),
      bytes: z.int(),
      cursors: z.record(text, z.int()),
      isMovingToBoxKey: z.boolean(),
      isFull: z.boolean(),
    }),
  }),
  answer("health", { health: healthShape }),
  answer("segments", {
    lastSeq: z.int(),
    segments: z.array(z.strictObject({ epoch: z.int(), firstSeq: z.int(), lastSeq: z.int(), message: z.base64() })),
  }),
  answer("dead-letters", { timeZone: text, letters: z.array(letterShape) }),
  answer("again", { count: z.int() }),
  answer("verification", {
    verification: z.strictObject({
      gateway: text.exactOptional(),
      epoch: z.int().exactOptional(),
      firstSeq: z.int().exactOptional(),
      lastSeq: z.int().exactOptional(),
      segments: z.int(),
      records: z.int(),
      withheld: z.int(),
      findings: z.array(z.strictObject({ seq: z.int().exactOptional(), fault: text, because: sentence })),
    }),
  }),
  answer("refused", {
    code: text,
    found: sentence.exactOptional(),
    expected: sentence.exactOptional(),
    where: sentence.exactOptional(),
  }),
]);
export type Answer = z.output<typeof answerShape>;

/** A gateway that can be asked. */
export interface Control {
  /** A refusal is an answer; only what is no answer at all is thrown. */
  ask(request: Request): Promise<Answer>;
}
