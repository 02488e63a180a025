/** Verified records as JSON lines: for standard output, a file, or a pipe into whatever comes next. */
import type { Writable } from "node:stream";
import { RecordKind } from "../../seal/record.ts";
import { idText } from "../id.ts";
import type { HandedRecord, Handover, Refusal, Sink } from "../port.ts";

const names: Readonly<Record<RecordKind, string>> = {
  [RecordKind.measure]: "measure",
  [RecordKind.quarantine]: "quarantine",
  [RecordKind.event]: "event",
  [RecordKind.audit]: "audit",
  [RecordKind.alarm]: "alarm",
};
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * One line a record: `{"gateway","epoch","seq","kind","id","body"}`, the body as it was sealed, digit for digit.
 * A repeat after a crash of the receiver writes the same line again: whoever reads goes by `id`.
 */
export function linesSink(output: Writable): Sink {
  return {
    async hand(handover) {
      const refusals: Refusal[] = [];
      const lines: string[] = [];
      for (const record of handover.records) {
        const body = jsonOf(record.body);
        if (body === undefined) refusals.push({ seq: record.seq, reason: "the body is no JSON" });
        else lines.push(line(handover, record, body));
      }
      if (lines.length > 0) await write(output, lines.join(""));
      return refusals;
    },
  };
}

function line({ gateway, epoch }: Handover, { seq, kind, id }: HandedRecord, body: string): string {
  const facts = JSON.stringify({ gateway, epoch, seq, kind: names[kind], id: idText(id) });
  return `${facts.slice(0, -1)},"body":${body}}\n`;
}

/** The text itself, because a decimal's last zero is part of it; parsed only to know that a line stays a line. */
function jsonOf(body: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(body);
    JSON.parse(text);
    return text.replaceAll(/[\r\n]+/g, " ");
  } catch {
    return undefined;
  }
}

function write(output: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
