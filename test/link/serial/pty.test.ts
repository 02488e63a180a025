import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import scaleLine from "../../../drivers/scale-line.ts";
import { defineSerialDriver, type SerialDriver } from "../../../src/driver/define.ts";
import type { Intake } from "../../../src/intake/port.ts";
import { openSerialLink } from "../../../src/link/serial/link.ts";
import { openPort } from "../../../src/link/serial/port.ts";
import { ascii, decodingIntake, deferred, eventLog, fakeClock, instantSleep } from "../fixtures.ts";
import { plugIn, socat } from "./pty.ts";

const { repeatsWithinMs: _, ...printing } = scaleLine;
const answered: SerialDriver = defineSerialDriver({
  ...printing,
  decode: (_frame, context, bytes) => scaleLine.decode(bytes, context),
  acknowledge: { kept: Uint8Array.of(0x06), refused: Uint8Array.of(0x15) },
});

describe.skipIf(!socat)("the serial link on a pair of pseudo-terminals (needs socat)", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "vigie-serial-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** A link on a port of its own; its log also wakes when a frame was taken. */
  function link(name: string, driver: SerialDriver = scaleLine, take?: Intake["take"]) {
    const log = eventLog();
    const house = decodingIntake();
    const intake: Intake = {
      async take(frame) {
        const taken = await (take ?? house.intake.take)(frame);
        log.wake();
        return taken;
      },
    };
    const path = join(folder, name);
    const { sleep } = instantSleep();
    const opened = openSerialLink({
      path,
      driver,
      device: { address: name, transport: "serial" },
      intake,
      clock: fakeClock(),
      observe: log.observe,
      sleep,
    });
    const states = () => log.events.flatMap((event) => (event.type === "link" ? [event.state] : []));
    return { opened, path, house, states, until: log.until };
  }

  test("lines are read, in pieces, with noise between them, at the scale's own line settings", async () => {
    await using cable = await plugIn(join(folder, "pieces"));
    const { opened, house, states, until } = link("pieces");
    await using _link = opened;
    await until(() => states().includes("open"));
    for (const piece of ["ST,+00", "61.55kg\r", "\n#noise#\r\nST,", "+0072.40kg\r\n"]) {
      await cable.device.write(ascii(piece));
    }
    await until(() => house.frames.length === 3);
    expect(house.measured).toHaveLength(2);
    expect(house.rejected).toMatchObject([{ reject: "malformed", raw: ascii("#noise#") }]);
  });

  test("10 MB without an end leave memory as it was, and the next line is read", async () => {
    await using cable = await plugIn(join(folder, "flood"));
    const { opened, house, states, until } = link("flood");
    await using _link = opened;
    await until(() => states().includes("open"));
    const before = process.memoryUsage().rss;
    const chunk = new Uint8Array(65_536).fill(0x41);
    for (let sent = 0; sent < 10_000_000; ) sent += (await cable.device.write(chunk)).bytesWritten;
    await cable.device.write(ascii("\r\nST,+0061.55kg\r\n"));
    await until(() => house.measured.length === 1);
    expect(house.rejected).toMatchObject([{ reject: "oversized" }]);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  test("a device that is unplugged in the middle of a line is found again when it is back", async () => {
    const { opened, path, house, states, until } = link("unplugged");
    await using _link = opened;
    await until(() => states().includes("failed"));
    const first = await plugIn(path);
    await until(() => states().includes("open"));
    await first.device.write(ascii("ST,+0061.55kg\r\nST,+00"));
    await until(() => house.frames.length === 1);
    await first[Symbol.asyncDispose]();
    await until(() => states().includes("closed"));
    await using second = await plugIn(path);
    await until(() => states().filter((state) => state === "open").length === 2);
    await second.device.write(ascii("72.40kg\r\nST,+0080.10kg\r\n"));
    await until(() => house.measured.length === 2);
    // "ST,+00" and "72.40kg" were never one line.
    expect(house.measured.map(({ raw }) => Buffer.from(raw).toString())).toEqual(["ST,+0061.55kg", "ST,+0080.10kg"]);
    expect(house.rejected.map(({ reject }) => reject)).toContain("malformed");
  });

  test("each of ten plugs pulled while bytes flow is noticed, also on a paused port", async () => {
    for (let times = 0; times < 10; times += 1) {
      const cable = await plugIn(join(folder, "hangup"));
      const port = await openPort(join(folder, "hangup"), scaleLine.line, () => undefined);
      if (times % 3 === 0) port.pause();
      await cable.device.write(ascii("ST,+0061.55kg\r\nST,"));
      await cable[Symbol.asyncDispose]();
      expect(await port.closed).toBeInstanceOf(Error);
    }
  });

  test("the acknowledging byte reaches the device only after the journal has its frame", async () => {
    await using cable = await plugIn(join(folder, "answered"));
    const journal = deferred<"kept">();
    const { opened, states, until } = link("answered", answered, () => journal.promise);
    await using _link = opened;
    await until(() => states().includes("open"));
    const order: string[] = [];
    const heard = cable.device.read(new Uint8Array(1)).then(({ buffer }) => order.push(`told ${buffer[0]}`));
    await cable.device.write(ascii("ST,+0061.55kg\r\n"));
    await new Promise((resolve) => setTimeout(resolve, 100)); // what must not come cannot be awaited
    order.push("on disk");
    journal.resolve("kept");
    await heard;
    expect(order).toEqual(["on disk", "told 6"]);
  });

  test("a port that is held, or missing, rejects; a closed one takes no bytes", async () => {
    await using cable = await plugIn(join(folder, "locked"));
    expect(cable.device.fd).toBeGreaterThan(0);
    const path = join(folder, "locked");
    const port = await openPort(path, scaleLine.line, () => undefined);
    await expect(openPort(path, scaleLine.line, () => undefined)).rejects.toThrow(/lock/i);
    await port.close();
    await expect(port.write(Uint8Array.of(1))).rejects.toThrow("the port was closed");
    await expect(port.closed).resolves.toBeUndefined();
    await expect(openPort(`${path}-none`, scaleLine.line, () => undefined)).rejects.toThrow();
  });

  test("a write that is under way when the plug is pulled fails; it does not wait for ever", async () => {
    const cable = await plugIn(join(folder, "writing"));
    const port = await openPort(join(folder, "writing"), scaleLine.line, () => undefined);
    const failing = expect(port.write(new Uint8Array(1_000_000))).rejects.toThrow();
    await cable[Symbol.asyncDispose]();
    await failing;
    expect(await port.closed).toBeInstanceOf(Error);
  });
});
