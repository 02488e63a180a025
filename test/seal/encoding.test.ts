import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dictionary as dictionary1 } from "../../src/seal/dictionaries/1.ts";
import { dictionary as dictionary2 } from "../../src/seal/dictionaries/2.ts";
import { bestOf, Encoding, packBodies, unpackBodies } from "../../src/seal/encoding.ts";
import { decodeMessage, encodeMessage } from "../../src/seal/message.ts";
import type { TravellingRecord } from "../../src/seal/record.ts";
import { testRecord, testSegment } from "../fixtures/seal.ts";

const ids = [randomBytes(16), randomBytes(16)];

describe("the packing of bodies", () => {
  it.each([
    [1, dictionary1, "e70825ce4841db710a8840feb4888a07ee7771018ac94c7bb9913c70a46f1ee7"],
    [2, dictionary2, "b1d6fb8d58cd0a11e23dcd3faf851b601ab47a5483f917b5413949cd34919a29"],
  ])("uses dictionary %i as it was published, for ever", (_number, dictionary, sha256) => {
    expect(createHash("sha256").update(dictionary).digest("hex")).toBe(sha256);
  });

  it("for a reader is the best that it says it reads", () => {
    expect([[], [0], [0, 1], [0, 1, 2], [2, 7]].map(bestOf)).toEqual([0, 0, 1, 2, 2]);
  });

  it("gives back what was packed", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 5 }), (bodies) => {
        const all = Buffer.concat(bodies);
        const packed = packBodies(bodies, ids);
        expect(Buffer.from(unpackBodies(packed, all.length, ids) ?? [1]).equals(all)).toBe(true);
      }),
    );
  });

  it("unpacks no more than was said to be there: 100 MB of zeros cost nothing", () => {
    const bomb = packBodies([new Uint8Array(100_000_000)], ids);
    expect(bomb.length).toBeLessThan(100_000);
    const before = performance.now();
    expect(unpackBodies(bomb, 1_000, ids)).toBeUndefined();
    expect(performance.now() - before).toBeLessThan(50);
  });

  it("takes any bytes for what they are: packed as said, or not", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(10_000), (bytes, length) => {
        const unpacked = unpackBodies(bytes, length, ids);
        expect(unpacked === undefined || unpacked.length === length).toBe(true);
      }),
    );
  });
});

describe("a deflated message", () => {
  const sealed = ["one", "two", "", "four".repeat(100)].map((body) => testRecord(body));
  const { segment } = testSegment(sealed);
  const records: readonly TravellingRecord[] = sealed.map((record, index) =>
    index === 1 ? { seq: 2, withheld: true } : { seq: index + 1, ...record },
  );

  it("says the same as the plain one", () => {
    const plain = decodeMessage(encodeMessage({ segment, records }));
    const deflated = decodeMessage(encodeMessage({ segment, records }, Encoding.deflate1));
    if (!plain.ok || !deflated.ok) throw new Error("not decoded");
    const read = ({ records: all }: { records: readonly TravellingRecord[] }) =>
      all.map((record) => ("body" in record ? { ...record, body: Buffer.from(record.body).toString() } : record));
    expect(read(deflated.message)).toEqual(read(plain.message));
  });

  it("with nothing to pack is a plain one", () => {
    const withheld = { segment, records: records.map(({ seq }) => ({ seq, withheld: true as const })) };
    expect(encodeMessage(withheld, Encoding.deflate1)).toEqual(encodeMessage(withheld));
  });

  it("in an encoding of tomorrow is unreadable, and its segment is still known", () => {
    const bytes = encodeMessage({ segment, records }, Encoding.deflate1);
    const salt = Buffer.from(sealed[0]?.salt ?? []);
    const encodingAt = Buffer.from(bytes).indexOf(salt) + salt.length;
    const decoded = decodeMessage(bytes.with(encodingAt, 2));
    expect(decoded.ok).toBe(false);
    expect(!decoded.ok && Buffer.from(decoded.unreadable ?? []).equals(segment)).toBe(true);
  });

  it("is decoded or refused whatever its bytes", () => {
    const good = encodeMessage({ segment, records }, Encoding.deflate1);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        expect(typeof decodeMessage(good.with(at, (good[at] ?? 0) ^ mask)).ok).toBe("boolean");
      }),
      { numRuns: 2_000 },
    );
  });
});
