/** `vigie decode --batch`: captures replayed by the thousand. One line in, exactly one line out, in order, whatever it holds. */
import { StringDecoder } from "node:string_decoder";
import { z } from "zod";
import { parseChannel } from "../driver/decode.ts";
import type { DriverRegistry } from "../driver/registry.ts";
import { isReject, type Reject } from "../driver/reject.ts";
import { VigieError } from "../errors/error.ts";
import { toJson } from "../measure/json.ts";
import type { Measurement } from "../measure/measurement.ts";
import type { Instant } from "../measure/time.ts";
import { decodeBytes, deviceOf, parseHex } from "./capture.ts";
import { type Io, print } from "./io.ts";

/** A frame has 64 kB at most, in hex; what is longer than this is no request, and is not kept in memory. */
const MAX_LINE = 256 * 1024;

/** Unknown keys are let by: captures carry notes of their own. */
const request = z.object({
  driver: z.string(),
  channel: z.string(),
  hex: z.string(),
  address: z.string().min(1).optional(),
  name: z.string().min(1).optional(),
});

export async function answerBatch(io: Io, registry: DriverRegistry, receivedAt: () => Instant): Promise<void> {
  const decoder = new StringDecoder("utf8");
  const lines = new LineSplitter();
  const answerAll = (whole: readonly string[]) =>
    print(io.stdout, ...whole.map((line) => answer(line, registry, receivedAt)));
  for await (const chunk of io.stdin) await answerAll(lines.push(decoder.write(Buffer.from(chunk))));
  await answerAll(lines.end());
}

function answer(line: string, registry: DriverRegistry, receivedAt: () => Instant): string {
  if (line.length > MAX_LINE) return malformed(`more than ${MAX_LINE} characters`);
  const parsed = request.safeParse(parseJson(line));
  if (!parsed.success) return malformed('no {"driver","channel","hex"}');
  const { driver: driverId, channel: channelText, hex, address, name } = parsed.data;
  const channel = parseChannel(channelText);
  const bytes = parseHex(hex);
  if (channel === undefined) return malformed("channel: neither 0x2a35 nor serial");
  if (bytes === undefined) return malformed("hex: not pairs of hex digits");
  try {
    const driver = registry.get(driverId);
    const outcomes = decodeBytes(driver, channel, bytes, deviceOf(driver, address, name), receivedAt());
    return toJson({ driver: driverId, channel: channelText, ...together(outcomes) });
  } catch (error) {
    if (!(error instanceof VigieError)) throw error;
    return toJson({ error: error.code, because: error.message });
  }
}

/** The answer to one line: the measurements of all its frames; a reject only where there is no measurement. */
function together(outcomes: readonly (readonly Measurement[] | Reject)[]) {
  const measurements = outcomes.flatMap((outcome) => (isReject(outcome) ? [] : outcome));
  const reject = outcomes.find((outcome) => isReject(outcome));
  return measurements.length === 0 && reject !== undefined ? reject : { measurements };
}

const malformed = (because: string) => JSON.stringify({ error: "INPUT_MALFORMED", because });

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // the schema then says what was expected
  }
}

/** Cuts text into lines. Of a line that is too long it keeps only that it is. */
class LineSplitter {
  #rest = "";

  push(text: string): readonly string[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = (lines.pop() ?? "").slice(0, MAX_LINE + 1);
    return lines;
  }

  /** The last line, where no line feed ended it. */
  end(): readonly string[] {
    return this.#rest === "" ? [] : [this.#rest];
  }
}
