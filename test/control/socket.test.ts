import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Control, Request } from "../../src/control/port.ts";
import { connectControl, serveControl } from "../../src/control/socket.ts";
import { Told } from "../fixtures/events.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vigie-control-"));
  path = join(folder, "control.sock");
});
afterEach(() => rm(folder, { recursive: true }));

const echo: Control = { ask: async (request) => ({ is: "done", id: request.do }) };
const status: Request = { do: "journal-status" };

async function dialled(): Promise<Control> {
  const control = await connectControl(path);
  if (control === undefined) throw new Error("nobody listens");
  return control;
}

/** What is answered to bytes as they are. */
const say = (text: string) =>
  new Promise<string>((resolve) => {
    const socket = connect(path, () => socket.end(text));
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => resolve(""));
    socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
  });

test("one line asks and one answers, for the owner alone, several at a time", async () => {
  await using _server = await serveControl(path, echo);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const control = await dialled();
  const answers = await Promise.all([status, { do: "registry-show" } as const, status].map((one) => control.ask(one)));
  expect(answers).toEqual(["journal-status", "registry-show", "journal-status"].map((id) => ({ is: "done", id })));
});

test("what a killed gateway left behind is replaced; nobody listening is nobody", async () => {
  expect(await connectControl(path)).toBeUndefined();
  await writeFile(path, "");
  expect(await connectControl(path)).toBeUndefined();
  await using _server = await serveControl(path, echo);
  expect(await (await dialled()).ask(status)).toEqual({ is: "done", id: "journal-status" });
});

test.each(["", "no JSON\n", '{"do":"destroy"}\n', '{"do":"journal-status","more":1}\n', `${"x".repeat(9_000_000)}\n`])(
  "nonsense is refused, and the gateway goes on: %#",
  async (text) => {
    await using _server = await serveControl(path, echo);
    expect(["", '{"is":"refused","code":"CONTROL_MALFORMED"}\n']).toContain(await say(text));
    expect(await (await dialled()).ask(status)).toEqual({ is: "done", id: "journal-status" });
  },
);

test("a defect while answering is told by its code alone, and the gateway goes on", async () => {
  const defect: Control = { ask: () => Promise.reject(new Error("r-0012 secret")) };
  await using _server = await serveControl(path, defect);
  expect(await (await dialled()).ask(status)).toEqual({ is: "refused", code: "INTERNAL" });
});

test("a gateway that stops before it answers is said to", async () => {
  const told = new Told<string>();
  const silent: Control = {
    ask: () => {
      told.observe("asked");
      return new Promise(() => {});
    },
  };
  const server = await serveControl(path, silent);
  const answer = (await dialled()).ask(status);
  const cut = expect(answer).rejects.toMatchObject({ code: "CONTROL_CUT" });
  await told.first((event) => event === "asked");
  await server[Symbol.asyncDispose]();
  await cut;
});

test("a path that the system does not take is said to", async () => {
  await expect(serveControl(join(folder, "x".repeat(120)), echo)).rejects.toMatchObject({
    code: "CONTROL_UNAVAILABLE",
  });
});
