import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../../fixtures/shared.ts";
import { checker, definitionsAtHand } from "./gate.ts";

/** The guide's own mistake: an HbA1c code in mg/dL, and number of days from a code system that the guide has left. */
const BAD = "Observation-example-mes-fr-observation-glucose-001.json";
function examples(folder: string): readonly string[] {
  const path = sharedPath("profiles", folder);
  return path === undefined ? [] : readdirSync(path);
}

function errorsOf(folder: string, name: string): readonly string[] {
  return checker().errors(JSON.parse(readFileSync(sharedPath("profiles", folder, name) ?? "", "utf8")));
}

describe.skipIf(!definitionsAtHand)("the checker, on what the guides publish (needs ../shared/profiles)", () => {
  it.each(examples("mesures-examples").filter((name) => name !== BAD))("accepts %s of Mesures de santé", (name) => {
    expect(errorsOf("mesures-examples", name)).toEqual([]);
  });

  it("rejects the glucose example that the guide itself has wrong", () => {
    expect(errorsOf("mesures-examples", BAD).join("\n")).toContain("JDV-J164-GlucoseNumberOfDays-ENS");
  });

  it.each(examples("phd-examples"))("accepts %s of HL7 PHD, but for profiles that are not at hand", (name) => {
    expect(errorsOf("phd-examples", name).filter((error) => !error.includes("unknown profile"))).toEqual([]);
  });
});
