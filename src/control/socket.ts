/** The control over a socket in the journal's folder: one JSON line asks, one answers, and the connection ends. */
import { chmod, unlink } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { isVigieError } from "../errors/error.ts";
import { verbatim } from "../errors/sentence.ts";
import { systemSays } from "../errors/system.ts";
import { errors } from "./errors.ts";
import { type Answer, answerShape, type Control, type Request, requestShape } from "./port.ts";

/** A registry of a thousand persons is half a megabyte. */
const MAX_REQUEST = 8 * 1024 * 1024;
/** 1024 records of 8 MiB a segment at most; what is longer is no answer of ours. */
const MAX_ANSWER = 128 * 1024 * 1024;
/** Commands come one at a time; more is somebody's mistake. */
const MAX_CONNECTIONS = 16;

/**
 * Answers whoever may open the socket: its owner and root alone (mode 0600, in a folder of mode 0700). A file that an
 * earlier run left behind is replaced: the journal's lock says that nobody is behind it.
 * @throws CONTROL_UNAVAILABLE
 */
export async function serveControl(path: string, control: Control): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // Whoever asked has gone: there is nobody to tell.
    socket.on("error", () => socket.destroy());
    void converse(socket, control);
  });
  server.maxConnections = MAX_CONNECTIONS;
  try {
    await unlink(path).catch(ifAbsent);
    await listen(server, path);
    await chmod(path, 0o600);
  } catch (cause) {
    server.close();
    throw errors.CONTROL_UNAVAILABLE({ where: verbatim(path), found: systemSays(cause), cause });
  }
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** @returns undefined where no gateway listens there. */
export async function connectControl(path: string): Promise<Control | undefined> {
  const probe = await dial(path);
  if (probe === undefined) return undefined;
  probe.destroy();
  return { ask: (request) => askOver(path, request) };
}

async function converse(socket: Socket, control: Control): Promise<void> {
  const line = await readLine(socket, MAX_REQUEST);
  if (line === undefined) return void socket.destroy();
  const parsed = requestShape.safeParse(parseJson(line));
  const answer: Answer = parsed.success
    ? await control.ask(parsed.data).catch(defect)
    : { is: "refused", code: "CONTROL_MALFORMED" };
  socket.end(`${JSON.stringify(answer)}\n`);
}

/** A defect of the gateway while it answered: told by its code, and the gateway goes on. */
function defect(error: unknown): Answer {
  return { is: "refused", code: isVigieError(error) ? error.code : "INTERNAL" };
}

async function askOver(path: string, request: Request): Promise<Answer> {
  const socket = await dial(path);
  if (socket === undefined) throw errors.CONTROL_CUT();
  socket.write(`${JSON.stringify(request)}\n`);
  const line = await readLine(socket, MAX_ANSWER);
  socket.destroy();
  if (line === undefined) throw errors.CONTROL_CUT();
  const parsed = answerShape.safeParse(parseJson(line));
  if (!parsed.success) throw errors.CONTROL_MALFORMED();
  return parsed.data;
}

function dial(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(undefined));
  });
}

/** @returns undefined where the other end closes before a line is whole, or says too much. */
function readLine(socket: Socket, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    socket.on("data", (chunk: Buffer) => {
      const end = chunk.indexOf(0x0a);
      chunks.push(end === -1 ? chunk : chunk.subarray(0, end));
      length += chunk.length;
      if (end !== -1) resolve(Buffer.concat(chunks).toString("utf8"));
      else if (length > maxBytes) resolve(undefined);
    });
    for (const ending of ["end", "close", "error"]) socket.on(ending, () => resolve(undefined));
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // the shape then refuses it
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
}

function ifAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
