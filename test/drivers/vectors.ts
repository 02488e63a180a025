/** The vectors beside each driver: bytes, where they come from, and all that the driver makes of them. */
import { readdirSync, readFileSync } from "node:fs";
import { z } from "zod";
import type { Channel } from "../../src/driver/decode.ts";

const channel = z.union([
  z.literal("serial"),
  z
    .string()
    .regex(/^0x[0-9a-f]{4}$/)
    .transform(Number),
]) satisfies z.ZodType<Channel>;

const vectorFile = z.strictObject({
  driver: z.string(),
  vectors: z
    .array(
      z.strictObject({
        /** What sent the bytes; a driver's `tested` names devices of real captures. */
        device: z.string().min(1),
        kind: z.enum(["real-capture", "from-spec-example", "synthetic-in-their-test"]),
        source: z.string().min(1),
        channel,
        hex: z.string().regex(/^(?:[0-9a-f]{2})*$/),
        note: z.string().optional(),
        /** Every measure, whole, or the reason of the reject. */
        expect: z.unknown(),
      }),
    )
    .min(1),
});
export type VectorFile = z.infer<typeof vectorFile>;

/** @param digits how numbers are read: JSON's own, or with their digits kept. */
export function vectorFiles(digits: (text: string) => unknown = JSON.parse): ReadonlyMap<string, VectorFile> {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".vectors.json"));
  return new Map(
    names.map((name) => [
      name.slice(0, -".vectors.json".length),
      vectorFile.parse(digits(readFileSync(`${import.meta.dirname}/${name}`, "utf8"))),
    ]),
  );
}

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
