/** The composition root: builds the way of a reading from a configuration, starts it from its end, stops it from its start. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errors as configErrors } from "./config/errors.ts";
import type { GatewayConfig } from "./config/schema.ts";
import { readKey } from "./config/secret.ts";
import { systemBusAddress } from "./config/system-bus.ts";
import { createControl } from "./control/control.ts";
import type { Control } from "./control/port.ts";
import { serveControl } from "./control/socket.ts";
import { DeadLetters } from "./delivery/dead-letters.ts";
import type { Destination } from "./delivery/destination.ts";
import { systemTimers } from "./delivery/timers.ts";
import type { DriverRegistry } from "./driver/registry.ts";
import { isVigieError, type VigieError } from "./errors/error.ts";
import { verbatim } from "./errors/sentence.ts";
import { systemSays } from "./errors/system.ts";
import type { GatewayEvent, Observe } from "./events.ts";
import type { GatewayIdentity } from "./fhir/port.ts";
import { openDestination } from "./gateway-destinations.ts";
import { carryOutAll } from "./intake/due.ts";
import { createIntake } from "./intake/intake.ts";
import type { Intake } from "./intake/port.ts";
import { watchClock } from "./journal/anchor.ts";
import { Caretaker } from "./journal/caretaker.ts";
import { type JournalOptions, openJournal } from "./journal/journal.ts";
import type { Journal } from "./journal/port.ts";
import type { Device } from "./measure/measurement.ts";
import type { Clock } from "./measure/time.ts";
import { seed } from "./registry/seed.ts";
import { SessionBook } from "./registry/sessions.ts";
import { RegistryStore } from "./registry/store.ts";
import { signingKey } from "./seal/key.ts";
import { version } from "./version.ts";

export interface GatewayParts {
  readonly config: GatewayConfig;
  readonly drivers: DriverRegistry;
  readonly clock: Clock;
  readonly observe: Observe;
  /** How often a simulated scenario is played. @default Infinity */
  readonly rounds?: number;
}

export interface Gateway extends AsyncDisposable {
  readonly journal: Journal;
  readonly destinations: readonly Destination[];
  /** Resolves when the simulated devices have played all their rounds and everything was taken. */
  readonly played: Promise<void>;
  /** Resolves where the gateway cannot go on (the disk refused a write): the process then ends and systemd starts it anew. */
  readonly failed: Promise<VigieError>;
}

/**
 * Starts a gateway.
 * @throws the errors of the configuration's secrets, of the journal and of the scenario. A device or a platform that is
 * not there is no reason not to start.
 */
export async function startGateway(parts: GatewayParts): Promise<Gateway> {
  const { config, drivers, clock, observe } = parts;
  const identity = identityOf(config);
  const caretaker = caretakerOf(parts);
  const closers: (() => PromiseLike<void>)[] = [];
  const close = async () => {
    // In the opposite order: first nothing comes in any more, then what is there is finished, then the journal closes.
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const journal = await openConfiguredJournal(config, clock, caretaker.hooks);
    closers.push(() => journal.close());
    const endCare = caretaker.keep(journal);
    closers.push(async () => endCare());

    // Before the destinations: what a person consents to is known before anything is sent.
    const { registry, sessions, deadLetters, control } = await openDesk(parts, journal);

    const destinations: Destination[] = [];
    for (const destination of config.destinations) {
      const observeHere = (event: GatewayEvent): void => {
        observe(event);
        if (event.type === "receipted") caretaker.receipted();
      };
      const opened = await openDestination(destination, {
        gateway: identity,
        journal,
        deadLetters,
        registry,
        drivers,
        clock,
        observe: observeHere,
      });
      closers.push(() => opened[Symbol.asyncDispose]());
      destinations.push(opened);
    }

    const intake = createIntake({ gateway: identity, registry, sessions, journal, observe });
    await openSocket(config, control, observe, closers);
    const devices = [...registry.state.devices.values()];
    const { played } = await openLinks({ ...parts, config: { ...config, devices } }, intake, closers);
    // A full journal refuses anchors too, and was told of; the next look tries again.
    closers.push(watchClock(journal, clock, systemTimers));
    return { journal, destinations, played, failed: caretaker.failed, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens the journal that a configuration names. @throws the errors of its secrets and of openJournal() */
export async function openConfiguredJournal(
  config: GatewayConfig,
  clock: Clock,
  hooks: Partial<JournalOptions> = {},
): Promise<Journal> {
  const { path: folder, key, signingKey: seed, maxBytes } = config.journal;
  return openJournal({
    folder,
    gateway: config.gateway.id,
    boxKey: await readKey(key),
    signingKey: signingKey(await readKey(seed)),
    clock,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...hooks,
  });
}

function caretakerOf({ config, clock, observe }: GatewayParts): Caretaker {
  const { eraseAfterDays, pruneAfterDays } = config.journal;
  const destinations = config.destinations.map(({ name }) => name);
  return new Caretaker({
    policy: { destinations, eraseAfterDays, pruneAfterDays },
    clock,
    timers: systemTimers,
    told: (error) => observe({ type: "fault", error }),
  });
}

export interface Desk {
  readonly registry: RegistryStore;
  readonly sessions: SessionBook;
  readonly deadLetters: DeadLetters;
  readonly control: Control;
}

/** The registry over an open journal, with what the configuration lists, and what a power cut left half done finished. */
export async function openDesk(
  { config, drivers, clock, observe }: Omit<GatewayParts, "rounds">,
  journal: Journal,
): Promise<Desk> {
  const registry = await RegistryStore.open({ journal, clock, policy: config.registry });
  for (const error of await seed(registry, config)) observe({ type: "fault", error });
  const sessions = await SessionBook.open({ journal, clock, registry });
  const specializationOf = (driver: string) => drivers.get(driver).specialization;
  const destinations = config.destinations.map(({ name }) => name);
  const parts = { gateway: identityOf(config), journal, destinations, registry, clock, specializationOf };
  for (const error of await carryOutAll(parts)) observe({ type: "fault", error });
  const deadLetters = await DeadLetters.open({ journal, clock, observe });
  const control = createControl({ ...parts, reader: journal, sessions, deadLetters });
  return { registry, sessions, deadLetters, control };
}

/** Where commands find the gateway that holds a journal. */
export const controlPath = ({ journal }: Pick<GatewayConfig, "journal">): string => join(journal.path, "control.sock");

/** A gateway that no command can reach still does its work, and says so. */
async function openSocket(
  config: GatewayConfig,
  control: Control,
  observe: Observe,
  closers: (() => PromiseLike<void>)[],
): Promise<void> {
  try {
    const socket = await serveControl(controlPath(config), control);
    closers.push(() => socket[Symbol.asyncDispose]());
  } catch (error) {
    if (!isVigieError(error)) throw error;
    observe({ type: "fault", error });
  }
}

/** Who this gateway is, in segments, topics and bundles. */
export function identityOf({ gateway }: Pick<GatewayConfig, "gateway">): GatewayIdentity {
  return { ...gateway, version };
}

/** What a device is known by before it has said anything itself. */
export function knownDevices({ devices, links }: Pick<GatewayConfig, "devices" | "links">): readonly Device[] {
  const serial = new Set(links.serial.map(({ device }) => device));
  return devices.map(({ address, name }) => ({
    address,
    transport: serial.has(address) ? "serial" : "ble",
    ...(name === undefined ? {} : { name }),
  }));
}

function knownOverBle({ devices: configured }: Pick<GatewayConfig, "devices">, devices: readonly Device[]) {
  const drivers = new Map(configured.map(({ address, driver }) => [address, driver]));
  return devices
    .filter(({ transport }) => transport === "ble")
    .map((device) => {
      const driver = drivers.get(device.address);
      return { device, ...(driver === undefined ? {} : { driver }) };
    });
}

/** Each kind of link is loaded only where it is configured: a box without a radio needs no D-Bus. */
async function openLinks(
  { config, drivers, clock, observe, rounds }: GatewayParts,
  intake: Intake,
  closers: (() => PromiseLike<void>)[],
): Promise<{ readonly played: Promise<void> }> {
  const { ble, serial, simulated } = config.links;
  const devices = knownDevices(config);
  if (ble !== undefined) {
    const { openBleLink } = await import("./link/ble/link.ts");
    const known = knownOverBle(config, devices);
    const { timeZone } = config.gateway;
    const bus = systemBusAddress();
    const place = bus === undefined ? ble : { ...ble, bus };
    const link = await openBleLink({ drivers, known, intake, clock, observe, timeZone, ...place });
    closers.push(() => link[Symbol.asyncDispose]());
  }
  for (const { path, driver, device: address, line } of serial) {
    const { openSerialLink } = await import("./link/serial/link.ts");
    const device = devices.find((known) => known.address === address) ?? { address, transport: "serial" };
    const settings = line === undefined ? {} : { line };
    const link = openSerialLink({ path, driver: drivers.serial(driver), device, intake, clock, observe, ...settings });
    closers.push(() => link[Symbol.asyncDispose]());
  }
  if (simulated === undefined) return { played: Promise.resolve() };
  const { openSimulatedLink } = await import("./link/simulated/link.ts");
  const { parseScenario } = await import("./link/simulated/scenario.ts");
  const text = await readFile(simulated.scenario, "utf8").catch((cause: unknown) => {
    throw configErrors.CONFIG_UNREADABLE({ where: verbatim(simulated.scenario), found: systemSays(cause), cause });
  });
  const scenario = parseScenario(text, simulated.scenario);
  const { timeZone } = config.gateway;
  const link = openSimulatedLink({
    scenario,
    drivers,
    intake,
    clock,
    observe,
    timeZone,
    speed: simulated.speed,
    ...(rounds === undefined ? {} : { rounds }),
  });
  closers.push(() => link[Symbol.asyncDispose]());
  return { played: link.finished };
}
