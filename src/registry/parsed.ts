import type { z } from "zod";
import { say } from "../errors/sentence.ts";
import { errors } from "./errors.ts";

/** What was given, in its form. @throws REGISTRY_INVALID, which names the fields and repeats no value. */
export function parsed<Output>(shape: z.ZodType<Output>, given: unknown, where = ""): Output {
  const result = shape.safeParse(given);
  if (result.success) return result.data;
  const fields = result.error.issues.flatMap((issue) => {
    const unknown = issue.code === "unrecognized_keys" ? issue.keys : [undefined];
    return unknown.map((key) =>
      [where, ...issue.path, key].filter((part) => part !== undefined && part !== "").join("."),
    );
  });
  const named = (all: string) => [...new Set(fields)].map((field) => field || all).join(", ");
  throw errors.REGISTRY_INVALID({ found: say(named("(tout)"), named("(all of it)")) });
}
