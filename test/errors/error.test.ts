import { describe, expect, test } from "vitest";
import { defineErrors, ExitCode, explain, isVigieError } from "../../src/errors/error.ts";

const errors = defineErrors({
  JOURNAL_FULL: {
    what: { fr: "Le disque est plein.", en: "The disk is full." },
    remedy: { fr: "Faites de la place.", en: "Make room." },
    exit: ExitCode.tempFail,
  },
});

describe("an error", () => {
  test("is made by its code, and known by it", () => {
    const cause = new Error("ENOSPC");
    const error = errors.JOURNAL_FULL({ where: "/var/lib/vigie", found: "0 bytes", cause });
    expect(error.code).toBe("JOURNAL_FULL");
    expect(error.exit).toBe(75);
    expect(error.cause).toBe(cause);
    expect(isVigieError(error)).toBe(true);
    expect(isVigieError(error, "JOURNAL_FULL")).toBe(true);
    expect(isVigieError(error, "JOURNAL_LOCKED")).toBe(false);
    expect(isVigieError(cause)).toBe(false);
  });

  test("is explained in French first, each language with what to do", () => {
    expect(explain(errors.JOURNAL_FULL({ where: "/var", found: "0", expected: "8" })).split("\n")).toEqual([
      "JOURNAL_FULL: Le disque est plein. [/var] trouvé: 0. attendu: 8.",
      "  → Faites de la place.",
      "  The disk is full. [/var] found: 0. expected: 8.",
      "  → Make room.",
    ]);
  });
});
