import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const named: Record<"dependencies" | "devDependencies" | "overrides", Record<string, string>> = JSON.parse(
  read("package.json"),
);
const page = read("docs/dependencies.md");

describe("docs/dependencies.md", () => {
  test.each(Object.keys({ ...named.dependencies, ...named.devDependencies }))("says why %s", (name) => {
    expect(page).toContain(`\`${name}\``);
  });

  test("gives the reason of every override", () => {
    for (const name of Object.keys(named.overrides)) expect(page).toContain(`### ${name}\n`);
  });

  test("names nothing that is not there any more", () => {
    const rows = page.split("\n").filter((line) => /^\| (?:`[^`]+`(?:, )?)+ \|/.test(line));
    const listed = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    expect(new Set(listed)).toEqual(new Set(Object.keys({ ...named.dependencies, ...named.devDependencies })));
  });
});
