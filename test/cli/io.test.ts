import { closeSync, createWriteStream, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { complain } from "../../src/cli/io.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vigie-io-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("what went wrong is an error in systemd's journal, line by line, and bare anywhere else", async () => {
  const file = join(folder, "journal");
  const fd = openSync(file, "w");
  const { dev, ino } = fstatSync(fd);
  vi.stubEnv("JOURNAL_STREAM", `${dev}:${ino}`);
  // A file's stream knows its descriptor once it is given one; process.stderr always does.
  const journal = Object.assign(createWriteStream("", { fd, autoClose: false }), { fd });
  complain(journal, "CODE: quoi\n  → remède");
  journal.end();
  await finished(journal);
  closeSync(fd);
  expect(readFileSync(file, "utf8")).toBe("<3>CODE: quoi\n<3>  → remède\n");

  const pipe = new PassThrough({ encoding: "utf8" });
  complain(pipe, "CODE: quoi");
  expect(pipe.read()).toBe("CODE: quoi\n");
});
