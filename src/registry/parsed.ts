import type { z } from "zod";
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
  throw errors.REGISTRY_INVALID({ found: [...new Set(fields)].map((field) => field || "(all of it)").join(", ") });
}
