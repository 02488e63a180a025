/** Makes what runs as a process of its own: the worker (TypeScript) and the disk between it and its files (C). */
import { existsSync } from "node:fs";
import { cp, mkdtemp, rename, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compiler, mustRun } from "./machine.ts";

/** Where the lock file stands: this file also runs compiled, from dist/, which has a package.json but no C source. */
function rootOf(folder: string): string {
  return existsSync(join(folder, "package-lock.json")) ? folder : rootOf(dirname(folder));
}
const root = rootOf(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, "test/faults");

/** Compiles worker.ts with all it imports into a new folder. @returns the folder, to be removed by the caller. */
export const buildWorker = (): Promise<string> => build("test/faults/worker.ts");

/** The same for any files of this checkout, named from its root. */
export async function build(...files: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vigie-worker-"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "tsconfig.json"),
      compilerOptions: { noEmit: false, rootDir: root, outDir: folder, typeRoots: [join(root, "node_modules/@types")] },
      include: [],
      files: files.map((file) => join(root, file)),
    }),
  );
  mustRun(process.execPath, join(root, "node_modules/typescript/bin/tsc"), "-p", join(folder, "tsconfig.json"));
  return folder;
}

export const workerOf = (build: string) => join(build, "test/faults/worker.js");

/**
 * The same build with SQLite in `synchronous=NORMAL` and the journal made to believe otherwise, at the one file that knows
 * SQLite: what the harness must be able to find.
 */
export async function withSynchronousNormal(build: string): Promise<string> {
  const mutant = await mkdtemp(join(tmpdir(), "vigie-worker-"));
  await cp(build, mutant, { recursive: true, verbatimSymlinks: true });
  const port = join(mutant, "src/journal/sqlite.js");
  await rename(port, join(mutant, "src/journal/sqlite-full.js"));
  await writeFile(
    port,
    `import { openDatabase as open } from "./sqlite-full.js";
     export * from "./sqlite-full.js";
     export async function openDatabase(...args) {
       const database = await open(...args);
       const all = async (text, parameters) => {
         if (text === "PRAGMA synchronous=FULL") return database.all("PRAGMA synchronous=NORMAL");
         if (text !== "PRAGMA synchronous") return database.all(text, parameters);
         const [row] = await database.all(text);
         if (row.synchronous !== 1) throw new Error("this build is meant to run in NORMAL");
         return [{ synchronous: 2 }];
       };
       return { ...database, all };
     }`,
  );
  return mutant;
}

/** Compiles disk.c. @returns the shared object to be preloaded. */
export async function buildDisk(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vigie-disk-"));
  const library = join(folder, "disk.so");
  mustRun(compiler ?? "cc", "-shared", "-fPIC", "-O1", "-o", library, join(sources, "disk.c"), "-ldl", "-lpthread");
  return library;
}
