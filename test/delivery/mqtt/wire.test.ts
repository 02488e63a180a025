import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { segmentsTopic } from "../../../src/delivery/mqtt/topics.ts";
import { connectMqtt } from "../../../src/delivery/mqtt/transport.ts";
import { toBundle } from "../../../src/fhir/bundle.ts";
import { readingId } from "../../../src/measure/identity.ts";
import { toJson } from "../../../src/measure/json.ts";
import type { Decoded, Device } from "../../../src/measure/measurement.ts";
import { Encoding } from "../../../src/seal/encoding.ts";
import { signingKey } from "../../../src/seal/key.ts";
import { encodeMessage } from "../../../src/seal/message.ts";
import { gateway, measured, optionsFor, person, quantity } from "../../fhir/samples.ts";
import { MemoryJournal } from "../../fixtures/memory-journal.ts";
import { hasMosquitto, startMosquitto } from "../../fixtures/mosquitto.ts";
import { startProxy } from "../../fixtures/proxy.ts";

const address = { structure: gateway.structure.finess, gateway: gateway.id };
const key = signingKey(new Uint8Array(32).fill(1));

/** A home of fifty residents on one morning: five cuffs go round. None of these devices is in the dictionary's samples. */
function morning(resident: number) {
  const hex = (0xa0 + (resident % 5)).toString(16).toUpperCase();
  const device: Device = {
    address: `C0:26:DA:11:22:${hex}`,
    transport: "ble",
    systemId: `C026DAFFFE1122${hex}`,
    manufacturer: "TaiDoc",
    model: "TD-3128",
    serialNumber: `31280172100${resident % 5}`,
  };
  const decoded: Decoded = {
    kind: "blood-pressure",
    systolic: quantity(`${108 + ((resident * 7) % 50)}`, "mm[Hg]"),
    diastolic: quantity(`${60 + ((resident * 3) % 30)}`, "mm[Hg]"),
    mean: quantity(`${80 + ((resident * 5) % 30)}`, "mm[Hg]"),
    deviceTime: { local: `2026-03-10T07:${String(resident).padStart(2, "0")}:17` },
    status: [],
  };
  const measurement = measured(decoded, { device });
  const resident42 = { ...person, reference: `resident-${4_200 + resident * 13}` };
  const outcome = toBundle(measurement, resident42, gateway, optionsFor(measurement));
  if (!("bundle" in outcome)) throw new Error(outcome.noBundle);
  return { id: readingId(measurement, gateway.id), body: toJson(outcome.bundle) };
}

describe.skipIf(!hasMosquitto)("a blood pressure on the wire, as its full CI-SIS bundle of some 4 kB", () => {
  /** Bytes of TCP payload for these messages, the first one (which teaches the broker the topic) apart. */
  async function measure(messages: readonly Uint8Array[]): Promise<number> {
    await using broker = await startMosquitto();
    await using proxy = await startProxy(broker.port);
    const url = `mqtt://localhost:${proxy.port}`;
    const session = await connectMqtt({ url, version: "5", clientId: "wire" }, { message() {}, closed() {} });
    await session.publish(segmentsTopic(address), randomBytes(10));
    const before = proxy.up;
    for (const message of messages) await session.publish(segmentsTopic(address), message);
    const bytes = proxy.up - before;
    await session.end();
    return bytes;
  }

  /** As a journal of today has it: seconds of the clock, and 16 random bits. */
  const epoch = 1_790_000_000 * 65_536;

  it("costs under 450 bytes alone: 175 of segment, 40 of record, 190 of bundle, 17 of its device's UUID", async () => {
    const journal = new MemoryJournal({ gateway: gateway.id, key, epoch });
    journal.commit(morning(0));
    const alone = [1, 2, 3].map((resident) => encodeMessage(journal.commit(morning(resident)), Encoding.compact));
    const bytes = (await measure(alone)) / 3;
    expect(bytes).toBeLessThan(450);
  });

  it("costs under 110 bytes in a batch of 50", async () => {
    const journal = new MemoryJournal({ gateway: gateway.id, key, epoch });
    journal.commit(morning(0));
    const batch = journal.commit(...Array.from({ length: 50 }, (_, resident) => morning(resident + 1)));
    const bytes = (await measure([encodeMessage(batch, Encoding.compact)])) / 50;
    expect(bytes).toBeLessThan(110);
  });

  it("costs under 600 and 200 bytes for a receiver that does not know that form", async () => {
    const journal = new MemoryJournal({ gateway: gateway.id, key, epoch });
    const one = encodeMessage(journal.commit(morning(0)), Encoding.deflate1);
    const batch = journal.commit(...Array.from({ length: 50 }, (_, resident) => morning(resident + 1)));
    expect(one.length).toBeLessThan(600);
    expect(encodeMessage(batch, Encoding.deflate1).length / 50).toBeLessThan(200);
  });
});
