/** Every error of Vigie, as the folders declare them in their `errors.ts`: found by looking, so that none is forgotten. */
import { readdir } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { ErrorDefinition } from "../errors/error.ts";

export interface CatalogueEntry extends ErrorDefinition {
  readonly code: string;
  /** The folder that raises it, under src/. */
  readonly folder: string;
}

/** Sorted by code. */
export async function errorCatalogue(): Promise<readonly CatalogueEntry[]> {
  const source = new URL("../", import.meta.url);
  const extension = extname(import.meta.url); // .ts in the checkout, .js when built
  const files = (await readdir(fileURLToPath(source), { recursive: true })).filter((file) =>
    new RegExp(`(?:^|/)errors\\${extension}$`).test(file),
  );
  const entries = await Promise.all(
    files.map(async (file) => {
      const module: unknown = await import(new URL(file, source).href);
      const folder = file.slice(0, file.lastIndexOf("/"));
      return Object.entries(definitionsOf(module)).map(([code, definition]) => ({ code, folder, ...definition }));
    }),
  );
  return entries.flat().sort((a, b) => (a.code < b.code ? -1 : 1));
}

interface ErrorsModule {
  readonly errors: { readonly definitions: Readonly<Record<string, ErrorDefinition>> };
}

function definitionsOf(module: unknown): Readonly<Record<string, ErrorDefinition>> {
  return isErrorsModule(module) ? module.errors.definitions : {};
}

function isErrorsModule(module: unknown): module is ErrorsModule {
  const errors = typeof module === "object" && module !== null && "errors" in module ? module.errors : undefined;
  return typeof errors === "function" || (typeof errors === "object" && errors !== null && "definitions" in errors);
}
