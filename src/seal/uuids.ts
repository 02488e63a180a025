/**
 * Bodies without their UUIDs. A bundle names its observation five times and its device four, each time in the midst of text
 * that is the same in every bundle: a marker in the place of each leaves that text in one piece.
 */
import { gatewayUuid, uuidOf } from "../measure/identity.ts";
import type { RecordId } from "./record.ts";

/** Neither stands in JSON. The second is followed by which one it is, from "0" on. */
const [OWN, OTHER] = ["\u0001", "\u0002"];
const MARKER = new RegExp(`${OWN}|${OTHER}(.?)`, "gs");
const FIRST = "0".charCodeAt(0);
/** "0" to "o". Further ones stay as they are. */
const MOST = 64;
const URN = "urn:uuid:";
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const UUID_LENGTH = 36;

export interface Marked {
  /** A body each, in Latin-1: a character is a byte. */
  readonly texts: readonly string[];
  /** What the second marker stands for from "1" on ("0" is the gateway's): 16 bytes each. */
  readonly uuids: readonly Uint8Array[];
}

/** @returns undefined where a body has a marker's byte in it. */
export function mark(
  gateway: string,
  bodies: readonly { readonly id: RecordId; readonly body: Uint8Array }[],
): Marked | undefined {
  const known = gatewayUuid(gateway);
  const markers = new Map([[known, `${OTHER}0`]]);
  const texts: string[] = [];
  for (const { id, body } of bodies) {
    const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString("latin1");
    if (text.includes(OWN) || text.includes(OTHER)) return undefined;
    texts.push(markOthers(text.replaceAll(uuidOf(id), OWN).replaceAll(known, `${OTHER}0`), markers));
  }
  const others = [...markers.keys()].slice(1);
  return { texts, uuids: others.map((uuid) => Buffer.from(uuid.replaceAll("-", ""), "hex")) };
}

function markOthers(text: string, markers: Map<string, string>): string {
  let marked = text;
  for (let at = marked.indexOf(URN); at >= 0; at = marked.indexOf(URN, at + URN.length)) {
    const uuid = marked.slice(at + URN.length, at + URN.length + UUID_LENGTH);
    if (!UUID.test(uuid)) continue;
    if (!markers.has(uuid) && markers.size < MOST) markers.set(uuid, OTHER + String.fromCharCode(FIRST + markers.size));
    marked = marked.replaceAll(uuid, markers.get(uuid) ?? uuid);
  }
  return marked;
}

/**
 * @param uuids by uuidsOf(). @param maxBytes that it may come to: a byte can stand for 36.
 * @returns undefined where it comes to more, or where a marker stands for none of them.
 */
export function unmark(
  text: string,
  id: RecordId,
  { uuids, maxBytes }: { readonly uuids: readonly string[]; readonly maxBytes: number },
): Uint8Array | undefined {
  const own = uuidOf(id);
  const parts: string[] = [];
  let room = maxBytes - text.length;
  let at = 0;
  for (const { 0: marker, 1: which = "", index } of text.matchAll(MARKER)) {
    const uuid = marker === OWN ? own : uuids[which.charCodeAt(0) - FIRST];
    room -= UUID_LENGTH - marker.length;
    if (uuid === undefined || room < 0) return undefined;
    parts.push(text.slice(at, index), uuid);
    at = index + marker.length;
  }
  return Buffer.from(parts.join("") + text.slice(at), "latin1");
}

/** What the second marker stands for, as it stands in a body. @param others as mark() gave them. */
export const uuidsOf = (gateway: string, others: readonly Uint8Array[]): readonly string[] => [
  gatewayUuid(gateway),
  ...others.map(textOf),
];

function textOf(uuid: Uint8Array): string {
  const hex = Buffer.from(uuid).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
