/** `vigie decode`: what a driver makes of bytes, without a device, a link or a journal. */
import type { Command } from "commander";
import { drivers } from "../../../drivers/all.ts";
import { parseChannel } from "../../driver/decode.ts";
import { DriverRegistry } from "../../driver/registry.ts";
import { isReject } from "../../driver/reject.ts";
import type { Sentence } from "../../errors/error.ts";
import { quoted, say } from "../../errors/sentence.ts";
import { toJson } from "../../measure/json.ts";
import { type Instant, ms, wallMs } from "../../measure/time.ts";
import { systemClock } from "../../system-clock.ts";
import { decodeBytes, deviceOf, parseHex } from "../capture.ts";
import { command, inBoth } from "../command.ts";
import { answerBatch } from "../decode-batch.ts";
import { errors } from "../errors.ts";
import { type Io, print } from "../io.ts";

interface Options {
  readonly channel?: string;
  readonly address?: string;
  readonly name?: string;
  readonly received?: string;
  readonly text?: boolean;
  readonly batch?: boolean;
}

export default function decode(io: Io, summary: Sentence): Command {
  return command(io, {
    name: "decode",
    summary,
    examples: [
      'vigie decode gatt-blood-pressure --channel 0x2a35 "16 7c 00 50 00 5c 00 ea 07 01 0f 08 1e 00 48 00 00 00"',
      'vigie decode scale-line --channel serial --text "ST,+0061.55kg"',
      `echo '{"driver":"scale-line","channel":"serial","hex":"53542c2b303036312e35356b67"}' | vigie decode --batch`,
    ],
  })
    .argument("[driver]", inBoth("pilote ; `vigie drivers` en donne la liste", "driver; `vigie drivers` lists them"))
    .argument(
      "[bytes...]",
      inBoth(
        "une trame par argument, en hexadécimal (ou tous ses octets, un par argument)",
        "one frame per argument, in hex (or all its bytes, one per argument)",
      ),
    )
    .option(
      "--channel <channel>",
      inBoth("0x2a35 (caractéristique BLE) ou serial", "0x2a35 (BLE characteristic) or serial"),
    )
    .option("--address <address>", inBoth("adresse de l'appareil", "the device's address"))
    .option("--name <name>", inBoth("nom que l'appareil diffuse", "the name the device broadcasts"))
    .option(
      "--received <instant>",
      inBoth("instant de réception (ISO 8601) ; à défaut, maintenant", "time of arrival (ISO 8601); by default now"),
    )
    .option("--text", inBoth("les trames sont du texte, non de l'hexadécimal", "the frames are text, not hex"))
    .option(
      "--batch",
      inBoth(
        "une demande JSON par ligne de l'entrée standard, une réponse par ligne",
        "one JSON request per line of standard input, one answer per line",
      ),
    )
    .action(async (driver: string | undefined, bytes: readonly string[], options: Options) => {
      const registry = new DriverRegistry(drivers);
      const receivedAt = arrival(options.received);
      if (options.batch === true) {
        if (driver !== undefined)
          throw errors.USAGE({
            found: say("--batch avec un pilote", "--batch with a driver"),
            expected: say("--batch seul", "--batch alone"),
          });
        return answerBatch(io, registry, receivedAt);
      }
      await decodeArguments(io, registry, receivedAt, driver, bytes, options);
    });
}

async function decodeArguments(
  io: Io,
  registry: DriverRegistry,
  receivedAt: () => Instant,
  driverId: string | undefined,
  args: readonly string[],
  { channel: channelText, address, name, text }: Options,
): Promise<void> {
  if (driverId === undefined) throw errors.USAGE({ expected: say("un pilote, ou --batch", "a driver, or --batch") });
  const driver = registry.get(driverId);
  if (channelText === undefined)
    throw errors.USAGE({
      expected: say("--channel 0x2a35, ou --channel serial", "--channel 0x2a35, or --channel serial"),
    });
  const channel = parseChannel(channelText);
  if (channel === undefined)
    throw errors.USAGE({
      found: quoted(channelText),
      expected: say("--channel 0x2a35, ou --channel serial", "--channel 0x2a35, or --channel serial"),
    });
  if (args.length === 0) throw errors.USAGE({ expected: say("des octets, en hexadécimal", "bytes, as hex") });
  const device = deviceOf(driver, address, name);
  for (const bytes of text === true ? args.map((line) => new TextEncoder().encode(line)) : hexArguments(args)) {
    for (const outcome of decodeBytes(driver, channel, bytes, device, receivedAt())) {
      await print(io.stdout, ...(isReject(outcome) ? [toJson(outcome)] : outcome.map((one) => toJson(one))));
    }
  }
}

/** `16 7c 00 …` unquoted arrives as one argument per byte, and means one frame: no measure fits into a single byte. */
function hexArguments(args: readonly string[]): readonly Uint8Array[] {
  const frames = args.every((arg) => /^(?:0x)?[0-9a-f]{2}$/i.test(arg)) ? [args.join("")] : args;
  return frames.map((frame, index) => {
    const bytes = parseHex(frame);
    if (bytes === undefined)
      throw errors.USAGE({
        found: say(`les octets n° ${index + 1}`, `bytes ${index + 1}`),
        expected: say("des paires de chiffres hexadécimaux", "pairs of hex digits"),
      });
    return bytes;
  });
}

/** A capture's time of arrival is told, and then nothing of this board's clock is in the output: it can be compared. */
function arrival(received: string | undefined): () => Instant {
  if (received === undefined) {
    const clock = systemClock("timesync");
    return () => clock.now();
  }
  const wall = Date.parse(received);
  if (Number.isNaN(wall)) {
    throw errors.USAGE({
      found: quoted(received),
      expected: say("--received 2026-01-05T08:00:00+01:00", "--received 2026-01-05T08:00:00+01:00"),
    });
  }
  return () => ({ wall: wallMs(wall), monotonic: ms(0), bootId: "0".repeat(32), synchronised: true });
}
