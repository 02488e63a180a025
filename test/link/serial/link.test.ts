import { expect, test } from "vitest";
import scaleLine from "../../../drivers/scale-line.ts";
import { openSerialLink, type SerialLinkOptions } from "../../../src/link/serial/link.ts";
import type { OpenPort } from "../../../src/link/serial/port.ts";
import { ascii, decodingIntake, deferred, eventLog, fakeClock, instantSleep } from "../fixtures.ts";

/** A port made of an object literal, and the hand that pulls its plug. */
function fakePorts() {
  const opened: { path: string; line: unknown; receive: (bytes: Uint8Array) => void; unplug: () => void }[] = [];
  let missing = 0;
  const openPort: OpenPort = async (path, line, receive) => {
    if (missing > 0) {
      missing -= 1;
      throw new Error("No such file or directory");
    }
    const closed = deferred<Error | undefined>();
    opened.push({ path, line, receive, unplug: () => closed.resolve(new Error("unplugged")) });
    return {
      closed: closed.promise,
      close: async () => closed.resolve(undefined),
      write: async () => undefined,
      pause: () => undefined,
      resume: () => undefined,
    };
  };
  return {
    openPort,
    opened,
    missFor: (times: number) => {
      missing = times;
    },
  };
}

function setUp(overrides: Partial<SerialLinkOptions> = {}) {
  const ports = fakePorts();
  const log = eventLog();
  const house = decodingIntake();
  const { sleep, slept } = instantSleep();
  const states = () => log.events.flatMap((event) => (event.type === "link" ? [event.state] : []));
  const options: SerialLinkOptions = {
    path: "/dev/serial/by-id/scale",
    driver: scaleLine,
    device: { address: "balance-1", transport: "serial" },
    intake: house.intake,
    clock: fakeClock(),
    observe: log.observe,
    openPort: ports.openPort,
    sleep,
    ...overrides,
  };
  return { options, ports, house, slept, states, until: log.until, events: log.events };
}

test("a port is opened as the driver says, except where the site says otherwise", async () => {
  const { options, ports, states, until } = setUp({ line: { baudRate: 9_600, dataBits: 8, parity: "none" } });
  await using _link = openSerialLink(options);
  await until(() => states().includes("open"));
  expect(ports.opened[0]).toMatchObject({
    path: "/dev/serial/by-id/scale",
    line: { baudRate: 9_600, dataBits: 8, parity: "none", stopBits: 1 },
  });
});

test("a device that is missing is waited for with growing waits, and said to be missing once", async () => {
  const { options, ports, slept, states, until } = setUp();
  ports.missFor(8);
  await using _link = openSerialLink(options);
  await until(() => states().includes("open"));
  expect(states()).toEqual(["failed", "open"]);
  expect(slept).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test("an unplugged device is said to be lost, and read again when it is back", async () => {
  const { options, ports, house, slept, states, until } = setUp();
  await using _link = openSerialLink(options);
  await until(() => states().length === 1);
  ports.opened[0]?.receive(ascii("ST,+0061.55kg\r\nST,+00"));
  ports.opened[0]?.unplug();
  await until(() => states().length === 3);
  ports.opened[1]?.receive(ascii("ST,+0072.40kg\r\n"));
  expect(states()).toEqual(["open", "closed", "open"]);
  expect(slept).toEqual([1_000]);
  await _link[Symbol.asyncDispose]();
  expect(house.measured).toHaveLength(2);
  expect(house.rejected).toMatchObject([{ reject: "truncated", raw: ascii("ST,+00") }]);
});

test("a port that opens and at once goes away again is waited for longer each time", async () => {
  const { options, ports, slept, states, until } = setUp();
  await using _link = openSerialLink(options);
  for (let times = 0; times < 4; times += 1) {
    await until(() => states().length === 2 * times + 1);
    ports.opened[times]?.unplug();
  }
  await until(() => states().length === 9);
  expect(slept).toEqual([1_000, 2_000, 4_000, 8_000]);
});

test("closing waits for what was read, says that the link is closed, and opens nothing any more", async () => {
  const { options, ports, house, states, until } = setUp();
  const link = openSerialLink(options);
  await until(() => states().includes("open"));
  ports.opened[0]?.receive(ascii("ST,+0061.55kg\r\n"));
  await link[Symbol.asyncDispose]();
  expect(house.measured).toHaveLength(1);
  expect(states()).toEqual(["open", "closed"]);
  expect(ports.opened).toHaveLength(1);
});

test("closing while the port is being opened closes that port", async () => {
  const { options, ports, states } = setUp();
  await openSerialLink(options)[Symbol.asyncDispose]();
  expect(ports.opened).toHaveLength(1);
  expect(states()).toEqual([]);
});
