import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonLines, vigie } from "../fixtures/cli.ts";
import { sharedPath } from "../fixtures/shared.ts";

const received = ["--received", "2026-01-05T08:00:00+01:00"];
const cuff = "167c0050005c00ea07010f081e0048000000";

describe("vigie decode", () => {
  test("prints one JSON line per measurement, and nothing of this board's clock where the arrival is told", async () => {
    const { exit, stdout, stderr } = await vigie([
      "decode",
      "gatt-blood-pressure",
      "--channel",
      "0x2a35",
      ...received,
      cuff,
    ]);
    expect([exit, stderr]).toEqual([0, ""]);
    expect(jsonLines(stdout)).toMatchObject([
      {
        kind: "blood-pressure",
        systolic: { value: 124, unit: "mm[Hg]" },
        receivedAt: { wall: Date.parse("2026-01-05T07:00:00Z"), monotonic: 0, synchronised: true },
        raw: cuff,
      },
      { kind: "heart-rate", value: { value: 72, unit: "/min" } },
    ]);
  });

  test("keeps the digits that the device sent", async () => {
    const { stdout } = await vigie(["decode", "scale-line", "--channel", "serial", "--text", "ST,+0061.50kg"]);
    expect(stdout).toContain('"value":61.50,"unit":"kg"');
  });

  test.each([
    ["spaces", ["16 7c 00 50 00 5c 00 ea 07 01 0f 08 1e 00 48 00 00 00"]],
    ["colons and capitals", ["16:7C:00:50:00:5C:00:EA:07:01:0F:08:1E:00:48:00:00:00"]],
    ["a prefix", [`0x${cuff}`]],
    ["one argument per byte", cuff.match(/../g) ?? []],
  ])("takes hex with %s", async (_name, hex) => {
    const { stdout } = await vigie(["decode", "gatt-blood-pressure", "--channel", "0x2a35", ...received, ...hex]);
    const plain = await vigie(["decode", "gatt-blood-pressure", "--channel", "0x2a35", ...received, cuff]);
    expect(stdout).toBe(plain.stdout);
  });

  test("a reject is an answer, not a failure: reason and bytes, exit 0", async () => {
    const { exit, stdout } = await vigie(["decode", "gatt-blood-pressure", "--channel", "0x2a35", "167c"]);
    expect(exit).toBe(0);
    expect(jsonLines(stdout)).toMatchObject([{ reject: "truncated", raw: "167c" }]);
  });

  test("cuts what came over a serial line as the line is cut", async () => {
    const text = "ST,+0061.55kg\r\nUS,+0061.50kg\r\nST,+0072.40kg";
    const { stdout } = await vigie(["decode", "scale-line", "--channel", "serial", "--text", text]);
    expect(jsonLines(stdout)).toMatchObject([
      { kind: "body-weight" },
      { reject: "unsettled" },
      { kind: "body-weight" },
    ]);
  });

  test("the device's facts come from the options", async () => {
    const facts = ["--address", "AA:BB:CC:DD:EE:FF", "--name", "BM85"];
    const { stdout } = await vigie(["decode", "gatt-blood-pressure", "--channel", "0x2a35", ...facts, cuff]);
    expect(jsonLines(stdout)[0]).toMatchObject({
      device: { address: "AA:BB:CC:DD:EE:FF", transport: "ble", name: "BM85" },
    });
  });

  test.each([
    ["no driver", ["--channel", "0x2a35", "--text"], "USAGE"],
    ["no channel", ["scale-line", "00"], "USAGE"],
    ["no bytes", ["scale-line", "--channel", "serial"], "USAGE"],
    ["a driver that is none", ["scale-lime", "--channel", "serial", "00"], "DRIVER_UNKNOWN"],
    ["a channel that is none", ["scale-line", "--channel", "2a3", "00"], "USAGE"],
    ["half a byte", ["scale-line", "--channel", "serial", "012"], "USAGE"],
    ["a time that is none", ["scale-line", "--channel", "serial", "--received", "today", "00"], "USAGE"],
    ["an unknown option", ["scale-line", "--chanel", "serial", "00"], "USAGE"],
    ["a batch with a driver", ["scale-line", "--batch"], "USAGE"],
  ])("%s is a wrong call: exit 64, both languages, nothing on standard output", async (_name, args, code) => {
    const { exit, stdout, stderr } = await vigie(["decode", ...args]);
    expect([exit, stdout]).toEqual([64, ""]);
    expect(stderr).toMatch(new RegExp(`^${code}: `));
    expect(stderr.split("\n").filter((line) => line.startsWith("  → "))).toHaveLength(2);
  });
});

describe("vigie decode --batch", () => {
  const request = (hex: string, more = {}) =>
    JSON.stringify({ driver: "gatt-blood-pressure", channel: "0x2a35", hex, ...more });

  test("answers exactly one line each, in order, whatever the line holds", async () => {
    const lines = [
      request(cuff),
      request("16"),
      "not JSON",
      "",
      JSON.stringify({ driver: "nobody", channel: "serial", hex: "00" }),
      request("0z"),
      request(cuff, { channel: "2a35?" }),
      JSON.stringify({
        driver: "scale-line",
        channel: "serial",
        hex: "53542c2b303036312e35356b670d0a",
        note: "kept out",
      }),
      request(cuff, { channel: "0x2a99" }),
      "[]",
    ];
    const { exit, stdout } = await vigie(["decode", "--batch", ...received], lines.join("\n"));
    expect(exit).toBe(0);
    expect(jsonLines(stdout)).toMatchObject([
      {
        driver: "gatt-blood-pressure",
        channel: "0x2a35",
        measurements: [{ kind: "blood-pressure" }, { kind: "heart-rate" }],
      },
      { driver: "gatt-blood-pressure", channel: "0x2a35", reject: "truncated", raw: "16" },
      { error: "INPUT_MALFORMED" },
      { error: "INPUT_MALFORMED" },
      { error: "DRIVER_UNKNOWN" },
      { error: "INPUT_MALFORMED" },
      { error: "INPUT_MALFORMED" },
      { driver: "scale-line", channel: "serial", measurements: [{ kind: "body-weight" }] },
      { reject: "unknown-channel" },
      { error: "INPUT_MALFORMED" },
    ]);
  });

  test("any bytes get their one line", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 20 }), async (frames) => {
        const lines = frames.map((bytes) => request(Buffer.from(bytes).toString("hex")));
        const { stdout } = await vigie(["decode", "--batch"], `${lines.join("\n")}\n`);
        expect(jsonLines(stdout)).toHaveLength(frames.length);
      }),
      { numRuns: 50 },
    );
  });

  test("a line without an end is refused without being kept", async () => {
    const { stdout } = await vigie(["decode", "--batch"], `${"x".repeat(3_000_000)}\n${request(cuff)}`);
    expect(jsonLines(stdout)).toMatchObject([{ error: "INPUT_MALFORMED" }, { measurements: [{}, {}] }]);
  });

  const vectors = sharedPath("vectors", "vectors.jsonl");
  test.skipIf(vectors === undefined)(
    "replays the shared vectors (../shared) of the drivers that are here",
    async () => {
      const drivers = new Map([
        ["00002a35", "gatt-blood-pressure"],
        ["00002a1c", "gatt-thermometer"],
      ]);
      const captures = readFileSync(vectors ?? "", "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line): { characteristic?: string; hex?: string } => JSON.parse(line))
        .flatMap(({ characteristic = "", hex = "" }) => {
          const short = /(?:0x|0000)?(2a35|2a1c)/i.exec(characteristic)?.[1]?.toLowerCase();
          const driver = short === undefined ? undefined : drivers.get(`0000${short}`);
          return driver === undefined ? [] : [JSON.stringify({ driver, channel: `0x${short}`, hex })];
        });
      expect(captures.length).toBeGreaterThan(20);
      const { stdout } = await vigie(["decode", "--batch"], captures.join("\n"));
      const answers = jsonLines(stdout);
      expect(answers).toHaveLength(captures.length);
      expect(answers.filter((answer) => "error" in Object(answer))).toEqual([]);
    },
  );
});
