import { describe, expect, test } from "vitest";
import { defineErrors, ExitCode, isVigieError } from "../../src/errors/error.ts";
import { explain } from "../../src/errors/explain.ts";
import { bytes, say, verbatim } from "../../src/errors/sentence.ts";

const errors = defineErrors({
  JOURNAL_FULL: {
    what: { fr: "Le disque est plein.", en: "The disk is full." },
    remedy: { fr: "Faites de la place.", en: "Make room." },
    exit: ExitCode.tempFail,
  },
});

const journal: string = ["", "var", "lib", "vigie"].join("/");

describe("an error", () => {
  test("is made by its code, and known by it", () => {
    const cause = new Error("ENOSPC");
    const error = errors.JOURNAL_FULL({ where: verbatim(journal), found: bytes(0), cause });
    expect(error.code).toBe("JOURNAL_FULL");
    expect(error.exit).toBe(75);
    expect(error.cause).toBe(cause);
    expect(isVigieError(error)).toBe(true);
    expect(isVigieError(error, "JOURNAL_FULL")).toBe(true);
    expect(isVigieError(error, "JOURNAL_LOCKED")).toBe(false);
    expect(isVigieError(cause)).toBe(false);
  });

  test("is explained in French first, each language with what to do", () => {
    const error = errors.JOURNAL_FULL({ where: verbatim(journal), found: bytes(0), expected: bytes(8) });
    expect(explain(error).split("\n")).toEqual([
      "JOURNAL_FULL: Le disque est plein.",
      "  où : /var/lib/vigie",
      "  trouvé : 0 octet · attendu : 8 octets",
      "  → Faites de la place.",
      "  The disk is full.",
      "  where: /var/lib/vigie",
      "  found: 0 bytes · expected: 8 bytes",
      "  → Make room.",
    ]);
    expect(error.message).toBe("The disk is full. [/var/lib/vigie] found: 0 bytes. expected: 8 bytes.");
  });

  test("fits the terminal it is read on, and never breaks a line before what French sets a space at", () => {
    const found = say("un mot, puis un autre : le dernier", "one word, then another: the last");
    const error = errors.JOURNAL_FULL({ where: verbatim(journal), found });
    for (let columns = 24; columns < 60; columns += 1) {
      const lines = explain(error, columns).split("\n");
      expect(lines.filter((line) => line.length > columns)).toEqual([]);
      expect(lines.filter((line) => /^\s*[:;»]|«$/.test(line))).toEqual([]);
      expect(lines.slice(1).filter((line) => !line.startsWith("  "))).toEqual([]);
      expect(lines.map((line) => line.trim()).join(" ")).toBe(
        explain(error)
          .split("\n")
          .map((line) => line.trim())
          .join(" "),
      );
    }
  });
});
