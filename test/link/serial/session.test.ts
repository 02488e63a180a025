import { expect, test } from "vitest";
import scaleLine from "../../../drivers/scale-line.ts";
import { defineSerialDriver, type SerialDriver } from "../../../src/driver/define.ts";
import { lines } from "../../../src/driver/framing.ts";
import { isVigieError } from "../../../src/errors/error.ts";
import type { Intake } from "../../../src/intake/port.ts";
import { type Line, SerialSession } from "../../../src/link/serial/session.ts";
import { ascii, decodingIntake, deferred, eventLog, fakeClock, instantSleep } from "../fixtures.ts";

const ACK = Uint8Array.of(0x06);
const NAK = Uint8Array.of(0x15);

const { repeatsWithinMs: _, ...printing } = scaleLine;

/** A scale that wants an answer to each line. */
const answered: SerialDriver = defineSerialDriver({
  ...printing,
  decode: (_frame, context, bytes) => scaleLine.decode(bytes, context),
  framing: lines({ max: 32 }),
  acknowledge: { kept: ACK, refused: NAK },
});

function fakeLine() {
  const written: number[] = [];
  const flow: string[] = [];
  const line: Line = {
    write: async (bytes) => void written.push(...bytes),
    pause: () => void flow.push("pause"),
    resume: () => void flow.push("resume"),
  };
  return { line, written, flow };
}

function session(driver: SerialDriver, intake: Intake) {
  const log = eventLog();
  const clock = fakeClock();
  const { sleep, slept } = instantSleep();
  const device = { address: "balance-1", transport: "serial" as const };
  const opened = new SerialSession({ driver, device, intake, clock, observe: log.observe, sleep });
  const faults = () => log.events.flatMap((event) => (event.type === "fault" ? [event.error.code] : []));
  return { opened, clock, slept, faults };
}

test("frames reach intake whole, in order and one at a time, however they arrive", async () => {
  const order: string[] = [];
  const intake: Intake = {
    async take({ bytes }) {
      const text = Buffer.from(bytes).toString("latin1");
      order.push(`> ${text}`);
      await Promise.resolve();
      order.push(`< ${text}`);
      return "kept";
    },
  };
  const { opened } = session(scaleLine, intake);
  for (const byte of ascii("ST,+0061.55kg\r\nST,+0072.40kg\r\n")) opened.receive(Uint8Array.of(byte));
  await opened.idle();
  expect(order).toEqual(["> ST,+0061.55kg", "< ST,+0061.55kg", "> ST,+0072.40kg", "< ST,+0072.40kg"]);
});

test("a device is told nothing before intake has resolved, and then what became of its frame", async () => {
  const resolving: ((taken: "kept" | "rejected") => void)[] = [];
  const { opened } = session(answered, { take: () => new Promise((resolve) => void resolving.push(resolve)) });
  const { line, written } = fakeLine();
  opened.attach(line);
  opened.receive(ascii("ST,+0061.55kg\r\nnoise\r\n"));
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toEqual([]);
  resolving[0]?.("kept");
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toEqual([...ACK]);
  resolving[1]?.("rejected");
  await opened.idle();
  expect(written).toEqual([...ACK, ...NAK]);
});

test("what the journal does not take is not acknowledged, and is left to the device", async () => {
  let full = true;
  const { opened, faults } = session(answered, {
    take: async () => {
      if (full) throw new Error("disk full");
      return "kept";
    },
  });
  const { line, written } = fakeLine();
  opened.attach(line);
  opened.receive(ascii("ST,+0061.55kg\r\n"));
  await opened.idle();
  expect(written).toEqual([]);
  expect(faults()).toEqual(["SERIAL_NOT_TAKEN"]);
  full = false;
  opened.receive(ascii("ST,+0061.55kg\r\n")); // it sends it again
  await opened.idle();
  expect(written).toEqual([...ACK]);
});

test("a device without acknowledgement has its frame tried again, with growing waits, until the journal takes it", async () => {
  const { intake, measured } = decodingIntake();
  let refusals = 7;
  const { opened, slept, faults } = session(scaleLine, {
    take: async (frame) => {
      if (refusals > 0) throw new Error(`disk full ${refusals--}`);
      return intake.take(frame);
    },
  });
  opened.receive(ascii("ST,+0061.55kg\r\nST,+0072.40kg\r\n"));
  await opened.idle();
  expect(slept).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(measured).toHaveLength(2);
  expect(faults()).toEqual(["SERIAL_NOT_TAKEN"]);
});

test("what is still not taken at the end is said to be lost, with how many they were", async () => {
  const { opened, faults } = session(scaleLine, { take: () => Promise.reject(new Error("disk full")) });
  opened.receive(ascii("ST,+0061.55kg\r\nST,+0072.40kg\r\n"));
  await opened[Symbol.asyncDispose]();
  expect(faults()).toEqual(["SERIAL_NOT_TAKEN", "SERIAL_NOT_TAKEN", "SERIAL_ABANDONED"]);
});

test("an answer goes back on the line that the frame came from, never on the next one", async () => {
  const journal = deferred<"kept">();
  const { opened, faults } = session(answered, { take: () => journal.promise });
  const gone = fakeLine();
  const next = fakeLine();
  opened.attach({ ...gone.line, write: () => Promise.reject(new Error("the port was closed")) });
  opened.receive(ascii("ST,+0061.55kg\r\n"));
  opened.detach();
  opened.attach(next.line);
  journal.resolve("kept");
  await opened.idle();
  expect(next.written).toEqual([]);
  expect(faults()).toEqual(["SERIAL_NOT_ANSWERED"]);
});

test("a settled reading repeated by a streaming scale is taken once; the same weight later is taken again", async () => {
  const { intake, measured } = decodingIntake();
  const { opened, clock } = session(scaleLine, intake);
  for (let times = 0; times < 20; times += 1) {
    opened.receive(ascii("ST,+0061.55kg\r\n"));
    clock.pass(1_900);
  }
  await opened.idle();
  expect(measured).toHaveLength(1);
  clock.pass(200);
  opened.receive(ascii("ST,+0061.55kg\r\n"));
  await opened.idle();
  expect(measured).toHaveLength(2);
});

test("noise between two equal readings keeps them apart", async () => {
  const { intake, measured } = decodingIntake();
  const { opened } = session(scaleLine, intake);
  opened.receive(ascii(`ST,+0061.55kg\r\n${"x".repeat(100)}\r\nST,+0061.55kg\r\n`));
  await opened.idle();
  expect(measured).toHaveLength(2);
});

test("a frame that the line broke off is a reject with its bytes, even where it reads like a whole one", async () => {
  const { intake, measured, rejected } = decodingIntake();
  const { opened } = session(scaleLine, intake);
  opened.receive(ascii("ST,+0061.55kg"));
  opened.detach();
  opened.receive(ascii("ST,+0072.40kg\r\n"));
  await opened.idle();
  expect(rejected).toMatchObject([{ reject: "truncated", raw: ascii("ST,+0061.55kg") }]);
  expect(measured).toHaveLength(1);
});

test("10 MB without an end are one reject of a few bytes, and the next line is read", async () => {
  const { intake, frames, measured, rejected } = decodingIntake();
  const { opened } = session(scaleLine, intake);
  const chunk = new Uint8Array(65_536).fill(0x41);
  for (let sent = 0; sent < 10_000_000; sent += chunk.length) opened.receive(chunk);
  opened.receive(ascii("\r\nST,+0061.55kg\r\n"));
  await opened.idle();
  expect(rejected).toMatchObject([{ reject: "oversized" }]);
  expect(frames[0]?.bytes).toHaveLength(scaleLine.framing.max + 2);
  expect(measured).toHaveLength(1);
});

test("a line that brings frames faster than the journal takes them is paused at 4 MiB, and resumed when half are gone", async () => {
  const resolving: (() => void)[] = [];
  const wide = { ...scaleLine, framing: lines({ max: 65_536 }) };
  const { opened } = session(wide, {
    take: () => new Promise((resolve) => void resolving.push(() => resolve("kept"))),
  });
  const { line, flow } = fakeLine();
  opened.attach(line);
  const capacity = 63; // 4 MiB of frames of 64 KiB and some
  for (let frame = 1; frame <= capacity; frame += 1) {
    expect(flow).toEqual([]);
    opened.receive(ascii(`ST,+00${frame}.5kg\r\n`));
  }
  expect(flow).toEqual(["pause"]);
  for (let taken = 0; taken < capacity; taken += 1) {
    expect(flow).toEqual(taken <= capacity / 2 ? ["pause"] : ["pause", "resume"]);
    resolving[taken]?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await opened.idle();
  expect(flow).toEqual(["pause", "resume"]);
});

test("a driver that expects answers cannot also merge repetitions", () => {
  const decode: Parameters<typeof defineSerialDriver>[0]["decode"] = () => [];
  expect(() => defineSerialDriver({ ...scaleLine, decode, acknowledge: { kept: ACK, refused: NAK } })).toThrow(
    RangeError,
  );
});

test("faults carry their cause and no value of a measure", async () => {
  const log = eventLog();
  const cause = new Error("disk full");
  const { sleep } = instantSleep();
  const opened = new SerialSession({
    driver: answered,
    device: { address: "balance-1", transport: "serial" },
    intake: { take: () => Promise.reject(cause) },
    clock: fakeClock(),
    observe: log.observe,
    sleep,
  });
  opened.receive(ascii("ST,+0061.55kg\r\n"));
  await opened.idle();
  const [event] = log.events;
  if (event?.type !== "fault") throw new Error("no fault");
  expect(isVigieError(event.error, "SERIAL_NOT_TAKEN")).toBe(true);
  expect(event.error.detail.cause).toBe(cause);
  expect(event.error.message).not.toContain("61.55");
});
