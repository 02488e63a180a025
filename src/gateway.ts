/** The composition root: builds the way of a reading from a configuration, starts it from its end, stops it from its start. */
import { join } from "node:path";
import type { GatewayConfig } from "./config/schema.ts";
import { readKey } from "./config/secret.ts";
import { type ControlParts, createControl } from "./control/control.ts";
import { errors as controlErrors } from "./control/errors.ts";
import type { Line } from "./control/health.ts";
import type { Control } from "./control/port.ts";
import { serveControl } from "./control/socket.ts";
import { DeadLetters } from "./delivery/dead-letters.ts";
import type { Destination } from "./delivery/destination.ts";
import { systemTimers } from "./delivery/timers.ts";
import type { DriverRegistry } from "./driver/registry.ts";
import { isVigieError, type VigieError } from "./errors/error.ts";
import type { GatewayEvent, Observe } from "./events.ts";
import type { GatewayIdentity } from "./fhir/port.ts";
import { openDestination } from "./gateway-destinations.ts";
import { type Links, openLinks } from "./gateway-links.ts";
import { sayWhose } from "./intake/directory.ts";
import { carryOutAll } from "./intake/due.ts";
import { discardAfter } from "./intake/expire.ts";
import { createIntake } from "./intake/intake.ts";
import type { DeskParts } from "./intake/parts.ts";
import { watchClock } from "./journal/anchor.ts";
import { Caretaker } from "./journal/caretaker.ts";
import { type JournalOptions, openJournal } from "./journal/open.ts";
import type { Journal } from "./journal/port.ts";
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
  /** What the log calls a device, for whoever asks from the board. */
  readonly nameInLog?: (address: string) => string;
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
  let discardOld = async (): Promise<void> => undefined;
  const caretaker = caretakerOf(parts, () => discardOld());
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
    void finishKeyChange(journal, parts);

    await sayWhose(identity, journal).catch(unlessFull(observe));
    // Before the destinations: what a person consents to is known before anything is sent.
    const destinations: Destination[] = [];
    let links: Links | undefined;
    const { registry, sessions, deadLetters, control, desk } = await openDesk(parts, journal, {
      lines: () => destinations.map(lineOf),
      radio: () => links?.radio ?? noRadio(),
      readers: () => links?.readers ?? new Map(),
    });
    const { quarantineAfterDays: days } = config.journal;
    if (days !== undefined) discardOld = async () => void (await discardAfter(days, desk));

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
    const opened = await openLinks({ ...parts, registry, sessions, intake });
    links = opened;
    closers.push(() => opened[Symbol.asyncDispose]());
    // A full journal refuses anchors too, and was told of; the next look tries again.
    closers.push(watchClock(journal, clock, systemTimers));
    return { journal, destinations, played: opened.played, failed: caretaker.failed, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A full journal is no reason not to start: what is delivered makes room. */
const unlessFull = (observe: Observe) => (error: unknown) => {
  if (!isVigieError(error, "JOURNAL_FULL")) throw error;
  observe({ type: "fault", error });
};

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

/** A change of the encryption key that a cut ended goes on, while readings come in. */
async function finishKeyChange(journal: Journal, { config, observe }: Pick<GatewayParts, "config" | "observe">) {
  try {
    const { isMovingToBoxKey } = await journal.status();
    if (isMovingToBoxKey) await journal.rotateBoxKey(await readKey(config.journal.key));
  } catch (error) {
    if (!isVigieError(error)) throw error;
    if (error.code !== "JOURNAL_CLOSED") observe({ type: "fault", error });
  }
}

function caretakerOf({ config, clock, observe }: GatewayParts, first: () => Promise<void>): Caretaker {
  const { eraseAfterDays, pruneAfterDays, quarantineAfterDays: days } = config.journal;
  const destinations = config.destinations.map(({ name }) => name);
  const quarantine = days === undefined ? {} : { quarantineAfterDays: days };
  return new Caretaker({
    policy: { destinations, eraseAfterDays, pruneAfterDays, ...quarantine },
    first,
    clock,
    timers: systemTimers,
    told: (error) => observe({ type: "fault", error }),
    relieved: (fullFor) => observe({ type: "relieved", fullFor }),
  });
}

export interface Desk {
  readonly registry: RegistryStore;
  readonly sessions: SessionBook;
  readonly deadLetters: DeadLetters;
  readonly control: Control;
  /** What releases, corrections and discards work with. */
  readonly desk: DeskParts;
}

const noRadio = (): never => {
  throw controlErrors.PAIRING_NO_RADIO();
};

/** What a journal without its gateway has of it. */
const stopped: Pick<ControlParts, "lines" | "radio" | "readers"> = {
  lines: () => [],
  radio: () => {
    throw controlErrors.PAIRING_NEEDS_GATEWAY();
  },
  readers: () => new Map(),
};

/** The registry over an open journal, with what the configuration lists, and what a power cut left half done finished. */
export async function openDesk(
  { config, drivers, clock, observe, nameInLog }: Omit<GatewayParts, "rounds">,
  journal: Journal,
  running: Pick<ControlParts, "lines" | "radio" | "readers"> = stopped,
): Promise<Desk> {
  const registry = await RegistryStore.open({
    journal,
    clock,
    policy: config.registry,
    transportOf: (driver) => drivers.all.find(({ id }) => id === driver)?.transport,
  });
  for (const error of await seed(registry, config)) observe({ type: "fault", error });
  const sessions = await SessionBook.open({ journal, clock, registry });
  const specializationOf = (driver: string) => drivers.get(driver).specialization;
  const destinations = config.destinations.map(({ name }) => name);
  const parts = { gateway: identityOf(config), journal, destinations, registry, clock, specializationOf };
  for (const error of await carryOutAll(parts)) observe({ type: "fault", error });
  const deadLetters = await DeadLetters.open({ journal, clock, observe });
  const control = createControl({
    ...parts,
    ...running,
    reader: journal,
    keys: journal,
    health: journal,
    sessions,
    deadLetters,
    ...(nameInLog === undefined ? {} : { nameInLog }),
  });
  return { registry, sessions, deadLetters, control, desk: parts };
}

function lineOf(destination: Destination): Line {
  const { state, trouble } = destination.status();
  return { name: destination.name, state, ...(trouble === undefined ? {} : { trouble: trouble.code }) };
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

/** systemd-timesyncd speaks SNTP; who trusts the clock without it has an NTP daemon. */
const timeSyncs = { timesync: "sntp", always: "ntp", never: "none" } as const;

/** Who this gateway is, in segments, topics and bundles. */
export function identityOf({ gateway, clock }: Pick<GatewayConfig, "gateway" | "clock">): GatewayIdentity {
  return { ...gateway, version, timeSync: timeSyncs[clock.trust] };
}
