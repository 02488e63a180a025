/** What a driver wants done after connecting: its clock set, its facts read. No step keeps a reading from being taken. */
import { encodeCurrentTime, encodeDateTime, localTime } from "../../driver/datetime.ts";
import type { PrepareStep } from "../../driver/define.ts";
import { type Sentence, say } from "../../errors/sentence.ts";
import type { Observe } from "../../events.ts";
import type { Clock } from "../../measure/time.ts";
import { DEVICE_INFORMATION, deviceInformation, FIRMWARE_REVISION, factOf } from "./device-information.ts";
import { errors } from "./errors.ts";
import type { Gatt } from "./gatt.ts";
import type { CharacteristicObject } from "./objects.ts";
import type { Peer } from "./peer.ts";
import { saidBy } from "./refusal.ts";

const CURRENT_TIME = { service: 0x1805, channel: 0x2a2b };
const DATE_TIME = 0x2a08;

/** A write, its answer and the read back take well under a second; more than five is another time. */
const CLOCK_TOLERANCE_SECONDS = 5;

export interface Preparing {
  readonly gatt: Gatt;
  readonly peer: Peer;
  readonly clock: Clock;
  readonly observe: Observe;
  /** IANA zone of the site: devices show the local time. @default the zone of the process */
  readonly timeZone?: string | undefined;
  /** True once the link has dropped. */
  readonly ended: () => boolean;
}

/** Does the steps in their order. A step that the device does not offer is passed over; one that fails is told. Never rejects. */
export async function prepare(all: readonly PrepareStep[], context: Preparing): Promise<void> {
  for (const step of all) {
    if (context.ended()) return;
    await perform(step, context).catch((cause: unknown) => {
      if (context.ended()) return; // the device left: the next connection begins anew
      context.observe({
        type: "fault",
        error: errors.BLE_PREPARE_FAILED({ where: steps[step.step], found: saidBy(cause), cause }),
      });
    });
  }
}

const steps: Readonly<Record<PrepareStep["step"], Sentence>> = {
  "set-current-time": say("mise à l'heure", "setting the clock"),
  "set-date-time": say("mise à l'heure", "setting the clock"),
  "read-device-information": say("lecture de ce qu'est l'appareil", "reading what the device is"),
};

function perform(step: PrepareStep, context: Preparing): Promise<void> {
  switch (step.step) {
    case "set-current-time":
      return setClock(CURRENT_TIME.service, CURRENT_TIME.channel, encodeCurrentTime, context);
    case "set-date-time":
      return setClock(step.service, DATE_TIME, encodeDateTime, context);
    case "read-device-information":
      return readDeviceInformation(context);
  }
}

/** Sets a clock and reads it back: a device was seen to answer "success" and keep its own time. */
async function setClock(
  service: number,
  channel: number,
  encode: (local: string) => Uint8Array,
  { gatt, clock, timeZone, observe }: Preparing,
): Promise<void> {
  const characteristic = gatt.find(service, channel, "write", "write-without-response");
  if (characteristic === undefined) return;
  const now = clock.now();
  if (!now.synchronised) return; // the device's clock may well be the better one
  const written = encode(localTime(now.wall, timeZone ?? processZone()));
  await gatt.write(characteristic, written);
  if (!characteristic.flags.includes("read")) return;
  const kept = await gatt.read(characteristic);
  if (Math.abs(seconds(kept) - seconds(written)) <= CLOCK_TOLERANCE_SECONDS) return;
  observe({ type: "fault", error: errors.BLE_CLOCK_UNCHANGED() });
}

/** Once per firmware: links are short, and what it says of itself changes with its firmware only. */
async function readDeviceInformation({ gatt, peer, ended }: Preparing): Promise<void> {
  const find = (channel: number) => gatt.find(DEVICE_INFORMATION, channel, "read");
  const firmware = find(FIRMWARE_REVISION);
  if (peer.informed || peer.device.model !== undefined) {
    if (firmware === undefined) return;
    if (factOf(FIRMWARE_REVISION, await gatt.read(firmware)).firmware === peer.device.firmware) return;
  }
  const offered = [...deviceInformation.keys()].map((channel) => [channel, find(channel)] as const);
  for (const [channel, characteristic] of offered) {
    if (characteristic === undefined || ended()) continue;
    await readFact(gatt, peer, channel, characteristic);
  }
  peer.informed = !ended();
}

async function readFact(gatt: Gatt, peer: Peer, channel: number, characteristic: CharacteristicObject): Promise<void> {
  peer.device = { ...peer.device, ...factOf(channel, await gatt.read(characteristic)) };
}

const processZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The bytes of a Date Time (the first seven of a Current Time) as seconds, for comparing. */
function seconds(bytes: Uint8Array): number {
  const [low = 0, high = 0, month = 0, day = 0, hours = 0, minutes = 0, second = 0] = bytes;
  return Date.UTC(low + high * 256, month - 1, day, hours, minutes, second) / 1000;
}
