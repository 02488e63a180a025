import { describe, expect, test } from "vitest";
import { configurationPage } from "../../scripts/docs/configuration.ts";
import { publishedJsonSchema } from "../../src/config/describe.ts";
import { expectGenerated } from "../fixtures/generated.ts";

describe("what is published about the configuration", () => {
  test("the JSON Schema for editors is the schema's own", () => {
    expectGenerated("config/vigie.schema.json", `${JSON.stringify(publishedJsonSchema(), null, 2)}\n`);
  });

  test("the reference page is the schema's own", () => {
    expectGenerated("docs/configuration.md", configurationPage());
  });

  test("every key says in two languages what it is", () => {
    const silent: string[] = [];
    const walk = (schema: unknown, path: string) => {
      if (typeof schema !== "object" || schema === null) return;
      for (const [key, value] of Object.entries(schema)) {
        if (key === "properties") {
          for (const [name, field] of Object.entries(value)) {
            const said = (field as { description?: string; const?: unknown }).description ?? "";
            const isDiscriminator = (field as { const?: unknown }).const !== undefined;
            if (!isDiscriminator && !/^.+\n.+$/.test(said)) silent.push(`${path}.${name}`);
          }
        }
        walk(value, `${path}.${key}`);
      }
    };
    walk(publishedJsonSchema(), "");
    expect(silent).toEqual([]);
  });
});
