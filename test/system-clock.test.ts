import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../src/system-clock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vigie-clock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const sources = (bootId?: string) => ({
  synchronisedFile: join(folder, "synchronized"),
  bootIdFile: join(folder, "boot_id"),
  bootId,
});

describe("the board's clock", () => {
  test("monotonic time is whole milliseconds and never goes back", () => {
    const clock = systemClock("always", sources());
    const readings = Array.from({ length: 1_000 }, () => clock.now().monotonic);
    expect(readings.every(Number.isInteger)).toBe(true);
    expect(readings).toEqual([...readings].sort((a, b) => a - b));
  });

  test("the wall clock is believed as the configuration says", () => {
    expect(systemClock("always", sources()).now().synchronised).toBe(true);
    expect(systemClock("never", sources()).now().synchronised).toBe(false);
    expect(systemClock("timesync", sources()).now().synchronised).toBe(false);
    writeFileSync(sources().synchronisedFile, "");
    expect(systemClock("timesync", sources()).now().synchronised).toBe(true);
    expect(systemClock("never", sources()).now().synchronised).toBe(false);
  });

  test("the boot id is systemd's, else the kernel's, else one for this run alone", () => {
    writeFileSync(sources().bootIdFile, "c4f2a7d1-0000-4000-8000-00000000000a\n");
    expect(systemClock("always", sources("0123456789ABCDEF0123456789abcdef")).now().bootId).toBe(
      "0123456789abcdef0123456789abcdef",
    );
    expect(systemClock("always", sources("nonsense")).now().bootId).toBe("c4f2a7d1000040008000000000" + "00000a");
    rmSync(sources().bootIdFile);
    const clock = systemClock("always", sources());
    expect(clock.now().bootId).toMatch(/^[0-9a-f]{32}$/);
    expect(clock.now().bootId).toBe(clock.now().bootId);
    expect(systemClock("always", sources()).now().bootId).not.toBe(clock.now().bootId);
  });
});
