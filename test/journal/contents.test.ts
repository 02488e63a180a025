/** What a box holds comes out of it as it went in, whatever it is; and its length says little of what it is. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Contents, readContents, writeContents } from "../../src/journal/contents.ts";
import { hex } from "../../src/measure/json.ts";
import { encode } from "../../src/seal/cbor.ts";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const id = randomBytes(16);
const salt = randomBytes(16);
const indexed = { day: 20_000, device: "AA:BB:CC:DD:EE:FF", person: "resident-0042" };

const plain = (contents: Contents) => ({
  ...contents,
  id: hex(contents.id),
  salt: hex(contents.salt),
  body: hex(contents.body),
  source: contents.source && hex(contents.source),
});

test("what was written is read, short or long, of words or of noise", () => {
  const text = fc.stringMatching(/^[ -~]{0,4000}$/).map((words) => Buffer.from(words));
  const source = fc.option(fc.oneof(bytes(2_000), text));
  fc.assert(
    fc.property(fc.oneof(bytes(5_000), text), source, fc.boolean(), (body, from, isFirstVersion) => {
      const contents = { id, salt, body, source: from, indexed: isFirstVersion ? undefined : indexed };
      const read = readContents(writeContents(contents));
      expect(read && plain(read)).toEqual(plain(contents));
    }),
  );
});

test("a bundle takes a fifth of its room, and an event stays as it is", () => {
  const words = '{"system":"http://unitsofmeasure.org","code":"mm[Hg]"},';
  const contents = { id, salt, source: null, indexed };
  expect(writeContents({ ...contents, body: Buffer.from(words.repeat(60)) }).length).toBeLessThan(words.length * 12);
  const event = Buffer.from('{"type":"battery-level"}');
  expect(writeContents({ ...contents, body: event })).toEqual(
    encode([id, salt, event, null, indexed.day, indexed.device, indexed.person]),
  );
});

test("lengths of what is packed go in steps: a digit more or less does not show", () => {
  const body = (value: string) => Buffer.from(`{"note":"${"x".repeat(1_500)}","value":${value}}`);
  const lengths = Array.from({ length: 200 }, (_, n) => {
    return writeContents({ id, salt, body: body(String(n * 7)), source: null, indexed }).length;
  });
  const packed = [...new Set(lengths)];
  for (const length of packed) expect((length - (packed[0] ?? 0)) % 32).toBe(0);
  expect(packed.length).toBeLessThanOrEqual(2);
});

test("bytes that are no contents are refused, whatever they are", () => {
  const good = writeContents({ id, salt, body: Buffer.alloc(3_000, "word "), source: null, indexed });
  const changed = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, value]) => good.with(at, value));
  fc.assert(
    fc.property(fc.oneof(bytes(200), changed), (any) => {
      const read = readContents(any);
      expect(read === undefined || read.id.length === 16).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
