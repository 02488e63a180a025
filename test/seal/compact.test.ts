/** The shortest form says the same as the plain one, or the signature says that it does not. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gatewayUuid, uuidOf } from "../../src/measure/identity.ts";
import { encode, tryDecode } from "../../src/seal/cbor.ts";
import { COMPACT } from "../../src/seal/compact.ts";
import { Encoding, pack } from "../../src/seal/encoding.ts";
import { decodeMessage, encodeMessage } from "../../src/seal/message.ts";
import { RecordKind, type SegmentMessage, type TravellingRecord } from "../../src/seal/record.ts";
import { openSegment } from "../../src/seal/segment.ts";
import { ringOf, testKey, testSegment } from "../fixtures/seal.ts";

const keys = ringOf(testKey());

function messageOf(bodies: readonly string[], withheld: readonly number[] = []): SegmentMessage {
  const sealed = bodies.map((body) => {
    const id = new Uint8Array(randomBytes(16));
    const uuid = uuidOf(id);
    const text = body.replaceAll("OWN", uuid);
    return { kind: RecordKind.measure, id, salt: new Uint8Array(randomBytes(16)), body: Buffer.from(text) };
  });
  const { segment } = testSegment(sealed, { firstSeq: 41, previous: new Uint8Array(32).fill(3) });
  const records = sealed.map((record, index): TravellingRecord => {
    const seq = 41 + index;
    return withheld.includes(index) ? { seq, withheld: true } : { seq, ...record };
  });
  return { segment, records };
}

const shown = ({ segment, records }: SegmentMessage) => ({
  segment: Buffer.from(segment).toString("hex"),
  records: records.map((one) =>
    "body" in one ? { ...one, id: 0, salt: 0, body: Buffer.from(one.body).toString("latin1") } : one,
  ),
});

function throughCompact(message: SegmentMessage): SegmentMessage {
  const bytes = encodeMessage(message, Encoding.compact);
  expect(bytes[0]).toBe(COMPACT);
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) throw new Error(decoded.because.en);
  return decoded.message;
}

describe("a compact message", () => {
  const uuid = uuidOf(randomBytes(16));
  const gateway = gatewayUuid("ehpad-test");

  it("gives the segment back byte for byte, and each body that is shown", () => {
    const parts = ["OWN", `urn:uuid:${uuid}`, uuid, `"${gateway}"`, "urn:uuid:", "é€", '{"value":98.0}', "-", "\n"];
    const body = fc.array(fc.constantFrom(...parts), { maxLength: 12 }).map((some) => some.join(""));
    const bodies = fc.array(body, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(bodies, fc.nat(5), (texts, which) => {
        const message = messageOf(texts, texts.length > 1 ? [which % texts.length] : []);
        expect(shown(throughCompact(message))).toEqual(shown(message));
      }),
    );
  });

  it("holds more UUIDs than it has markers for", () => {
    const many = Array.from({ length: 100 }, () => `urn:uuid:${uuidOf(randomBytes(16))}`).join(" ");
    const message = messageOf([many, many]);
    expect(shown(throughCompact(message))).toEqual(shown(message));
  });

  it("is another form where it would not give the same back: noise with a marker's bytes in it, or nothing shown", () => {
    expect(encodeMessage(messageOf(["\u0001"]), Encoding.compact)[0]).toBe(0x83);
    expect(encodeMessage(messageOf(["a", "\u0002"]), Encoding.compact)[0]).toBe(0x83);
    expect(encodeMessage(messageOf(["a"], [0]), Encoding.compact)[0]).toBe(0x82);
    const { segment, records } = messageOf(["a", "b"]);
    expect(encodeMessage({ segment, records: records.slice(0, 1) }, Encoding.compact)[0]).toBe(0x83);
  });

  it("changed in any bit is refused, or makes a segment that the signature does not fit", () => {
    const good = encodeMessage(messageOf(["one OWN", `two urn:uuid:${uuid}`, "three"], [2]), Encoding.compact);
    const original = decodeMessage(good);
    fc.assert(
      fc.property(fc.nat(good.length * 8 - 1), (bit) => {
        const at = bit >> 3;
        const decoded = decodeMessage(good.with(at, (good[at] ?? 0) ^ (1 << (bit & 7))));
        if (!decoded.ok || !openSegment(decoded.message.segment, keys).ok) return;
        // A stream can say the same in other bits.
        expect(original.ok && shown(original.message)).toEqual(shown(decoded.message));
      }),
      { numRuns: 1_000 },
    );
  });

  it("makes no more than a message may have, however much its markers promise", () => {
    const ofMarkers = (count: number): Uint8Array => {
      const good = encodeMessage(messageOf(["OWN"]), Encoding.compact);
      const items = tryDecode(good, { maxBytes: 10_000, maxDepth: 6, tags: [] });
      if (!Array.isArray(items)) throw new Error("not decoded");
      const [encoding, head, kid, signature, [[kind, id, salt]], uuids] = items;
      const stream = pack(Buffer.alloc(count, 1));
      return encode([encoding, head, kid, signature, [[kind, id, salt, count]], uuids, stream]);
    };
    // 36 bytes each; a message may have 8 MiB.
    expect(decodeMessage(ofMarkers(230_000))).toMatchObject({ ok: true });
    expect(ofMarkers(8_000_000).length).toBeLessThan(20_000);
    expect(decodeMessage(ofMarkers(8_000_000))).toMatchObject({ ok: false });
  });
});
