#!/usr/bin/env node
import { ExitCode } from "../errors/error.ts";
import { explain } from "../errors/explain.ts";
import { systemSays } from "../errors/system.ts";
import { errors } from "./errors.ts";
import { columnsOf, complain, type Io } from "./io.ts";
import { run } from "./run.ts";

// `vigie … | head` closes its end when it has seen enough: that is no failure, and nobody is left to tell.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(ExitCode.ok);
  const lost = errors.OUTPUT_LOST({ found: systemSays(error), cause: error });
  complain(process.stderr, explain(lost, columnsOf(process.stderr)));
  process.exit(lost.exit);
});

const io: Io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  exitCode: ExitCode.ok,
  interrupted: () =>
    new Promise((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
    }),
};
process.exitCode = await run(process.argv.slice(2), io);
