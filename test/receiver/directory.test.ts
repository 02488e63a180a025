import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDirectory } from "../../src/receiver/directory.ts";
import { readDirectory } from "../../src/receiver/directory-files.ts";
import { memoryState } from "../../src/receiver/memory-state.ts";
import type { ReceiverEvent } from "../../src/receiver/port.ts";
import { Receiver } from "../../src/receiver/receiver.ts";
import { signingKey } from "../../src/seal/key.ts";
import { encodeMessage } from "../../src/seal/message.ts";
import { Told } from "../fixtures/events.ts";
import { KeepingSink, platformKey } from "../fixtures/feed.ts";
import { MemoryJournal } from "../fixtures/memory-journal.ts";
import { hasOpenssl } from "../fixtures/pki.ts";
import { ManualTimers } from "../fixtures/timers.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vigie-directory-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
const keyOf = (fill: number) => signingKey(new Uint8Array(32).fill(fill));
const hexOf = (fill: number) => Buffer.from(keyOf(fill).publicKey).toString("hex");
const inHex = (gateways: Readonly<Record<string, readonly Uint8Array[]>>) =>
  Object.fromEntries(
    Object.entries(gateways).map(([id, keys]) => [id, keys.map((key) => Buffer.from(key).toString("hex"))]),
  );
const file = () => ({ file: join(folder, "gateways.yaml") });
const wrong = (found: string | RegExp) => ({
  code: "RECEIVER_DIRECTORY_INVALID",
  detail: { found: { en: expect.stringMatching(found) } },
});

describe("a directory in one file", () => {
  it("is YAML or JSON, with a key or several for each gateway", async () => {
    put("gateways.yaml", `# enrolled\nehpad-1: ${hexOf(1)}\nehpad-2: [${hexOf(2)}, ${hexOf(3)}]\n`);
    const expected = { "ehpad-1": [hexOf(1)], "ehpad-2": [hexOf(2), hexOf(3)] };
    expect(inHex(await readDirectory(file()))).toEqual(expected);
    put("gateways.yaml", JSON.stringify(expected));
    expect(inHex(await readDirectory(file()))).toEqual(expected);
  });

  it.each([
    ["a name that is none", () => `EHPAD: ${hexOf(1)}`, '"EHPAD"'],
    ["a key that is none", () => "ehpad-1: abc", "ehpad-1: no key"],
    ["a gateway without a key", () => "ehpad-1: []", "ehpad-1: no key"],
    ["a point of small order", () => `ehpad-1: "${"00".repeat(32)}"`, "small order"],
    ["one key for two", () => `ehpad-1: ${hexOf(1)}\nehpad-2: ${hexOf(1)}`, "one key for ehpad-1 and ehpad-2"],
    ["a gateway twice", () => `ehpad-1: ${hexOf(1)}\nehpad-1: ${hexOf(2)}`, "no YAML"],
    ["a list", () => "- a", "no list of gateways"],
    ["nothing", () => "", "no list of gateways"],
    ["nobody", () => "{}", "no gateway"],
    ["text that is no YAML", () => "a: [", "no YAML"],
  ])("is refused with %s", async (_what, text, found) => {
    put("gateways.yaml", text());
    await expect(readDirectory(file())).rejects.toMatchObject(wrong(found));
  });

  it("is refused where it is not there", async () => {
    await expect(readDirectory(file())).rejects.toMatchObject(wrong("ENOENT"));
    await expect(readDirectory({ folder: join(folder, "none") })).rejects.toMatchObject(wrong("ENOENT"));
  });
});

describe("a directory in a folder", () => {
  it("has a key file for each gateway: hex, base64, or PEM", async () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    put("ehpad-1.pub", `# the old one, and the new one\n${hexOf(1)}\n${hexOf(2)}\n`);
    put("ehpad-2.pub", Buffer.from(keyOf(3).publicKey).toString("base64"));
    put("ehpad-3.pub", publicKey.export({ type: "spki", format: "pem" }).toString());
    put("README.md", "who enrolled what");
    put(".ehpad-4.pub", "half a copy");
    const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
    expect(inHex(await readDirectory({ folder }))).toEqual({
      "ehpad-1": [hexOf(1), hexOf(2)],
      "ehpad-2": [hexOf(3)],
      "ehpad-3": [raw],
    });
  });

  it.skipIf(!hasOpenssl)("has certificates: the common name is the gateway, an Ed25519 key is its key", async () => {
    certificate("a.pem", "ehpad-1", ["-newkey", "ed25519"]);
    const [[gateway, keys] = []] = Object.entries(await readDirectory({ folder }));
    expect([gateway, keys?.length, keys?.[0]?.length]).toEqual(["ehpad-1", 1, 32]);
    certificate("b.crt", "ehpad-2", ["-newkey", "rsa:2048"]);
    await expect(readDirectory({ folder })).rejects.toMatchObject(wrong("not Ed25519"));
    put("b.crt", "-----BEGIN CERTIFICATE-----\n");
    await expect(readDirectory({ folder })).rejects.toMatchObject(wrong("no X.509"));
  });

  it.each([
    ["a line that is no key", "ehpad-1.pub", "abc", "a line that is no key"],
    ["a name that is none", "EHPAD.pub", "ab".repeat(32), '"EHPAD"'],
    ["PEM that is none", "ehpad-1.pub", "-----BEGIN PUBLIC KEY-----\nabc", "no public key"],
    ["no gateway at all", "notes.txt", "", "no gateway"],
  ])("is refused with %s", async (_what, name, text, found) => {
    put(name, text);
    await expect(readDirectory({ folder })).rejects.toMatchObject(wrong(found));
  });

  function certificate(name: string, subject: string, key: readonly string[]): void {
    const out = ["-keyout", join(folder, "key"), "-out", join(folder, name), "-nodes", "-subj", `/O=x/CN=${subject}`];
    execFileSync("openssl", ["req", "-x509", ...key, ...out], { stdio: "ignore" });
  }
});

describe("a directory that changes", () => {
  async function arrange() {
    put("ehpad-1.pub", hexOf(1));
    const timers = new ManualTimers();
    const told = new Told<ReceiverEvent>();
    const directory = await openDirectory({ folder }, { observe: told.observe, timers });
    const sink = new KeepingSink();
    const { keys, refresh: refreshKeys } = directory;
    const receiver = new Receiver({ keys, refreshKeys, state: memoryState(), sinks: [sink], platformKey });
    const receive = (gateway: string, fill: number) =>
      receiver.receive(encodeMessage(new MemoryJournal({ gateway, key: keyOf(fill) }).commit("1")));
    return { directory, timers, told, receive };
  }

  it("lets a gateway in with its first segment after it was enrolled", async () => {
    const { directory, receive, told } = await arrange();
    expect(await receive("ehpad-2", 2)).toMatchObject({ fault: "unknown-key" });
    put("ehpad-2.pub", hexOf(2));
    expect(await receive("ehpad-2", 2)).toMatchObject({ type: "held" });
    expect(told.all).toEqual([{ type: "directory", state: "read", gateways: 2 }]);
    expect(directory.gateways()).toEqual(["ehpad-1", "ehpad-2"]);
    directory[Symbol.dispose]();
  });

  it("lets one that was taken out no longer in, within ten seconds", async () => {
    const { directory, receive, timers, told } = await arrange();
    put("ehpad-2.pub", hexOf(2));
    unlinkSync(join(folder, "ehpad-1.pub"));
    await timers.advance(10_000);
    await told.first(({ type }) => type === "directory");
    expect(await receive("ehpad-1", 1)).toMatchObject({ fault: "unknown-key" });
    directory[Symbol.dispose]();
  });

  it("stays as it was while what is there is broken, says so once, and says when it is mended", async () => {
    const { directory, receive, told } = await arrange();
    put("ehpad-2.pub", "half a k");
    expect(await directory.refresh()).toBe(false);
    expect(await directory.refresh()).toBe(false);
    expect(told.all).toMatchObject([{ state: "kept", error: { code: "RECEIVER_DIRECTORY_INVALID" } }]);
    expect(await receive("ehpad-1", 1)).toMatchObject({ type: "held" });
    unlinkSync(join(folder, "ehpad-2.pub"));
    expect(await directory.refresh()).toBe(true);
    expect(told.all.at(-1)).toEqual({ type: "directory", state: "read", gateways: 1 });
    directory[Symbol.dispose]();
  });
});
