/**
 * The technical log: JSON lines on the standard error output, which systemd's journal keeps. The one file that knows pino.
 * No health value, person or device address ever enters it: see ./observe.ts for what it is told.
 */
import { pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a line says besides its message. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

export type Log = Readonly<Record<LogLevel, (message: string, facts?: Facts) => void>>;

/** Where whole lines go. */
export interface LogStream {
  write(line: string): unknown;
}

/** Priorities of syslog(3), which sd-daemon(3) reads as a `<n>` before the line. */
const priorities: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3 };
const prefixes = new Map(Object.entries(pino.levels.values).map(([name, value]) => [value, prefix(name)]));

export interface LogOptions {
  readonly level: LogLevel;
  readonly stream: LogStream;
  /** Put `<n>` before each line, so that `journalctl -p warning` works. */
  readonly journald: boolean;
}

export function createLog({ level, stream, journald }: LogOptions): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: !journald && pino.stdTimeFunctions.isoTime,
      formatters: { level: (name) => ({ level: name }) },
    },
    journald ? withPriority(stream) : stream,
  );
  const at = (name: LogLevel) => (message: string, facts?: Facts) => {
    logger[name](facts ?? {}, message);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** pino tells a stream that carries this symbol the level of each line before it writes it. */
function withPriority(stream: LogStream): LogStream & { lastLevel: number } {
  return {
    lastLevel: 0,
    [Symbol.for("pino.metadata")]: true,
    write(line: string) {
      stream.write(`${prefixes.get(this.lastLevel) ?? ""}${line}`);
    },
  };
}

function prefix(name: string): string {
  const priority = Object.entries(priorities).find(([level]) => level === name)?.[1];
  return priority === undefined ? "" : `<${priority}>`;
}
