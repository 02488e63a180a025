/** The journal of a gateway that is running, read through its control: for the commands that show, verify and export it. */
import { verbatim } from "../errors/sentence.ts";
import type { Journal, StoredSegment } from "../journal/port.ts";
import { decodeMessage } from "../seal/message.ts";
import { errors } from "./errors.ts";
import type { Answer, Control } from "./port.ts";

/** What those commands read of a journal, whoever holds it. */
export type ReadableJournal = Pick<Journal, "lastSeq" | "segments" | "status" | "verify">;

/** @throws CONTROL_CUT, CONTROL_MALFORMED */
export async function remoteJournal(control: Control): Promise<ReadableJournal> {
  const status = async () => (await expecting(control.ask({ do: "journal-status" }), "status")).status;
  const { lastSeq } = await status();
  return {
    lastSeq,
    status,
    verify: async () => (await expecting(control.ask({ do: "journal-verify" }), "verification")).verification,
    segments: async (from, max) => {
      const { segments } = await expecting(control.ask({ do: "journal-segments", from, max }), "segments");
      return segments.map(({ message, ...place }): StoredSegment => {
        const decoded = decodeMessage(Buffer.from(message, "base64"));
        if (!decoded.ok) throw errors.CONTROL_MALFORMED({ found: decoded.because });
        return { ...place, ...decoded.message };
      });
    },
  };
}

async function expecting<Is extends Answer["is"]>(
  asked: Promise<Answer>,
  is: Is,
): Promise<Extract<Answer, { is: Is }>> {
  const answer = await asked;
  if (isThe(answer, is)) return answer;
  const got: string = answer.is === "refused" ? answer.code : answer.is;
  const wanted: string = is;
  throw errors.CONTROL_MALFORMED({ found: verbatim(got), expected: verbatim(wanted) });
}

function isThe<Is extends Answer["is"]>(answer: Answer, is: Is): answer is Extract<Answer, { is: Is }> {
  return answer.is === is;
}
