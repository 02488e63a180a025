import { PassThrough, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { linesSink } from "../../src/receiver/sinks/lines.ts";
import { RecordKind } from "../../src/seal/record.ts";

const sealed = { atMs: 0, isTrusted: true };
const record = (seq: number, body: string) => ({
  seq,
  kind: RecordKind.measure,
  id: new Uint8Array(16).fill(seq),
  body: Buffer.from(body),
});

describe("the lines sink", () => {
  it("writes one line a record, with the body's digits as they were", async () => {
    const output = new PassThrough();
    await linesSink(output).hand({
      sealed,
      gateway: "g",
      epoch: 1,
      records: [record(1, '{"value":61.50}'), record(2, "{\n}")],
    });
    expect(output.read().toString()).toBe(
      `{"gateway":"g","epoch":1,"seq":1,"kind":"measure","id":"${"01".repeat(16)}","body":{"value":61.50}}\n` +
        `{"gateway":"g","epoch":1,"seq":2,"kind":"measure","id":"${"02".repeat(16)}","body":{ }}\n`,
    );
  });

  it("writes a line for records that are dated again", async () => {
    const output = new PassThrough();
    const range = { epoch: 1, firstSeq: 1, lastSeq: 9, offsetMs: 1_780_000_000_000 };
    await linesSink(output).redate?.({ gateway: "g", ranges: [range, { ...range, firstSeq: 10, lastSeq: 10 }] });
    const line = (firstSeq: number, lastSeq: number) =>
      `{"gateway":"g","epoch":1,"kind":"redated","firstSeq":${firstSeq},"lastSeq":${lastSeq},"offsetMs":1780000000000}\n`;
    expect(output.read().toString()).toBe(line(1, 9) + line(10, 10));
  });

  it("refuses for good what is no JSON", async () => {
    const refusals = await linesSink(new PassThrough()).hand({
      sealed,
      gateway: "g",
      epoch: 1,
      records: [record(1, "{"), record(2, "\xff")],
    });
    expect(refusals.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it("fails where the output does", async () => {
    const output = new Writable({ write: (_chunk, _encoding, done) => done(new Error("broken pipe")) });
    output.on("error", () => {});
    const handed = linesSink(output).hand({ sealed, gateway: "g", epoch: 1, records: [record(1, "{}")] });
    await expect(handed).rejects.toThrow("broken pipe");
  });
});
