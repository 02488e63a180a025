/** Verified records as JSON lines: for standard output, a file, or a pipe into whatever comes next. */
import type { Writable } from "node:stream";
import { idText } from "../id.ts";
import type { HandedRecord, Handover, Refusal, Sink } from "../port.ts";
import { jsonText, NO_JSON } from "./json.ts";
import { kindNames } from "./kinds.ts";

/**
 * One line a record: `{"gateway","epoch","seq","kind","id","body"}`, the body as it was sealed, digit for digit.
 * A repeat after a crash of the receiver writes the same line again: whoever reads goes by `id`.
 * Records that are dated again have a line of their own: `{"gateway","epoch","kind":"redated","firstSeq","lastSeq","offsetMs"}`.
 */
export function linesSink(output: Writable): Sink {
  return {
    async hand(handover) {
      const refusals: Refusal[] = [];
      const lines: string[] = [];
      for (const record of handover.records) {
        const body = jsonText(record.body);
        if (body === undefined) refusals.push({ seq: record.seq, reason: NO_JSON });
        else lines.push(line(handover, record, body));
      }
      if (lines.length > 0) await write(output, lines.join(""));
      return refusals;
    },
    async redate({ gateway, ranges }) {
      const lines = ranges.map(({ epoch, firstSeq, lastSeq, offsetMs }) =>
        JSON.stringify({ gateway, epoch, kind: "redated", firstSeq, lastSeq, offsetMs }),
      );
      await write(output, `${lines.join("\n")}\n`);
    },
  };
}

function line({ gateway, epoch }: Handover, { seq, kind, id }: HandedRecord, body: string): string {
  const facts = JSON.stringify({ gateway, epoch, seq, kind: kindNames[kind], id: idText(id) });
  return `${facts.slice(0, -1)},"body":${body.replaceAll(/[\r\n]+/g, " ")}}\n`;
}

function write(output: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
