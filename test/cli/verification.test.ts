import { expect, test } from "vitest";
import { verificationLines } from "../../src/cli/verification.ts";
import { verbatim } from "../../src/errors/sentence.ts";
import type { Finding } from "../../src/seal/verifier.ts";

const of = (findings: readonly Finding[]) => verificationLines({ segments: 30, records: 30, withheld: 0, findings });
const because = verbatim(0);
const unknownKeys = Array.from({ length: 30 }, (_, index) => ({ seq: index + 1, fault: "unknown-key", because }));

test("a key that fits no segment is called another key, not a damaged journal", () => {
  expect(of(unknownKeys).at(-1)).toMatch(/^RIEN N'EST PROUVÉ/);
  expect(of(unknownKeys.slice(1)).at(-1)).toMatch(/^ALTÉRÉ OU ABÎMÉ : 29/);
});

test("of many findings the first are shown, and how many there are", () => {
  const lines = of(unknownKeys);
  expect(lines.filter((line) => line.includes("✗"))).toHaveLength(20);
  expect(lines.at(-2)).toContain("10");
});
