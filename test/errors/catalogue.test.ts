import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { errorsPage } from "../../scripts/docs/errors.ts";
import { errorCatalogue } from "../../src/cli/catalogue.ts";
import { ExitCode } from "../../src/errors/error.ts";
import { expectGenerated } from "../fixtures/generated.ts";

const source = fileURLToPath(new URL("../../src", import.meta.url));
const declaring = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) =>
  /(?:^|\/)errors\.ts$/.test(file),
);
const all = await errorCatalogue();

describe("the catalogue of errors", () => {
  test("holds every folder's errors", () => {
    expect(new Set(all.map(({ folder }) => `${folder}/errors.ts`))).toEqual(new Set(declaring));
  });

  test("has each code once, in capitals", () => {
    const codes = all.map(({ code }) => code);
    expect(codes).toEqual([...new Set(codes)]);
    expect(codes.filter((code) => !/^[A-Z][A-Z0-9_]+$/.test(code))).toEqual([]);
  });

  test.each(all)("$code says what and what to do, in whole sentences of both languages", ({ what, remedy }) => {
    for (const sentence of [what.fr, what.en, remedy.fr, remedy.en]) expect(sentence).toMatch(/^[^\n]{10,}[.!?]$/);
    expect(what.fr).not.toBe(what.en);
    expect(remedy.fr).not.toBe(remedy.en);
  });

  test("ends a command with a documented exit code", () => {
    const documented: readonly number[] = Object.values(ExitCode);
    expect(all.filter(({ exit }) => !documented.includes(exit))).toEqual([]);
  });

  test("is published as it is", async () => {
    expectGenerated("docs/errors.md", await errorsPage());
  });
});
