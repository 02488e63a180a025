import { afterEach, beforeEach, expect, test } from "vitest";
import { errors } from "../../../src/control/errors.ts";
import { type BadgeReaderOptions, openBadgeReader } from "../../../src/link/badges/reader.ts";
import type { Port } from "../../../src/link/serial/port.ts";
import { ascii, deferred, eventLog, fakeClock, instantSleep } from "../fixtures.ts";

const clock = fakeClock();
const YES = Uint8Array.of(0x06);
const NO = Uint8Array.of(0x15);
let log: ReturnType<typeof eventLog>;
let shown: string[];
let answered: number[][];
let show: (text: string) => void;
let accept: (badge: string) => Promise<boolean>;
let reader: ReturnType<typeof openBadgeReader>;

beforeEach(() => {
  log = eventLog();
  shown = [];
  answered = [];
  accept = async () => true;
});
afterEach(() => reader[Symbol.asyncDispose]());

/** A reader on a port that the test plays. */
async function open(more: Partial<BadgeReaderOptions> = {}): Promise<void> {
  const closed = deferred<Error | undefined>();
  const port: Port = {
    closed: closed.promise,
    close: async () => closed.resolve(undefined),
    write: async (bytes) => {
      answered.push([...bytes]);
      log.wake();
    },
    pause: () => undefined,
    resume: () => undefined,
  };
  reader = openBadgeReader({
    name: "couloir-a",
    path: "/dev/vigie/badges",
    answers: { accepted: YES, refused: NO },
    shown: async (badge) => {
      shown.push(badge);
      log.wake();
      return accept(badge);
    },
    clock,
    observe: log.observe,
    openPort: async (_path, line, received) => {
      expect(line).toMatchObject({ baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1, ...more.line });
      show = (text) => received(ascii(text));
      return port;
    },
    sleep: instantSleep().sleep,
    ...more,
  });
  await log.until(() => log.events.some((event) => event.type === "link" && event.state === "open"));
}

test("a badge is shown once however often the reader reads it, and again when it comes back", async () => {
  await open();
  for (let times = 0; times < 20; times += 1) {
    show("0004711\r\n");
    clock.pass(500);
  }
  clock.pass(3_001);
  show("0004711\r\n");
  await log.until(() => answered.length === 2);
  expect(shown).toEqual(["0004711", "0004711"]);
});

test("the reader says yes to what was accepted, no to what was not, in the order of the badges", async () => {
  await open();
  accept = async (badge) => {
    if (badge === "1") return true;
    if (badge === "2") return false;
    throw errors.PAIRING_OVER();
  };
  show("1\r\n2\r\n3\r\n");
  await log.until(() => answered.length === 3);
  expect(answered).toEqual([[0x06], [0x15], [0x15]]);
  expect(log.events.flatMap((event) => (event.type === "fault" ? [event.error.code] : []))).toEqual(["PAIRING_OVER"]);
});

test("what is no badge is told of, without what it was", async () => {
  await open();
  show("\xff\xfe\r\n");
  await log.until(() => log.events.some((event) => event.type === "fault"));
  expect(log.events.at(-1)).toMatchObject({ error: { code: "BADGE_UNREADABLE", detail: {} } });
  expect(shown).toEqual([]);
});

test("the next badge is learnt instead of doing what it does; the one behind it does it again", async () => {
  await open({ line: { baudRate: 19_200 } });
  const first = reader.next();
  const second = reader.next(); // takes its place
  expect(await first).toBeUndefined();
  show("0004711\r\n");
  expect(await second).toBe("0004711");
  show("0004712\r\n");
  await log.until(() => shown.length === 1);
  expect(shown).toEqual(["0004712"]);
});

test("whoever waits for a badge when the reader closes is told that none came", async () => {
  await open();
  const next = reader.next();
  await reader[Symbol.asyncDispose]();
  expect(await next).toBeUndefined();
});
