/**
 * Sessions on shared devices: badge or pick a resident, measure, done. A session binds one frame, all that it holds, and
 * is closed by it or by the clock. One at a time on a device: a second is refused rather than put in its place, for the
 * first one's reading may be on its way.
 */
import type { Fact, JournalFacts, JournalWriter } from "../journal/port.ts";
import type { Clock, Instant } from "../measure/time.ts";
import { type Actor, auditDraft, newId } from "./audit.ts";
import { errors } from "./errors.ts";
import { parsed } from "./parsed.ts";
import type { Claim, Sessions } from "./port.ts";
import { type Session, sessionShape } from "./shape.ts";
import type { RegistryStore } from "./store.ts";

const SHELF = "session";

/** A cuff needs a minute and a half; two and a half to put it on and sit still. */
export const DEFAULT_LASTS_MS = 4 * 60_000;
/**
 * A device tells whole minutes: its time may lie this far before a session that was open already. Not so where another
 * session has just ended there without its reading: a time of before this one may then be that one's.
 */
const DEVICE_MINUTE_MS = 60_000;

export interface SessionParts {
  readonly journal: JournalWriter & JournalFacts;
  readonly clock: Clock;
  readonly registry: RegistryStore;
}

export class SessionBook implements Sessions {
  readonly #journal: JournalWriter;
  readonly #clock: Clock;
  readonly #registry: RegistryStore;
  readonly #open: Map<string, Session>;
  /** Devices whose session has gone to a frame that is not on disk yet. */
  readonly #claimed = new Set<string>();
  /** Devices whose session is being written. */
  readonly #opening = new Set<string>();
  /** When the last session of a device was closed without its reading. */
  readonly #leftAt = new Map<string, Instant>();

  private constructor({ journal, clock, registry }: SessionParts, open: Map<string, Session>) {
    this.#journal = journal;
    this.#clock = clock;
    this.#registry = registry;
    this.#open = open;
  }

  static async open(parts: SessionParts): Promise<SessionBook> {
    const facts = await parts.journal.facts(SHELF);
    const sessions = facts.map(({ value }) => sessionShape.parse(JSON.parse(value)));
    return new SessionBook(parts, new Map(sessions.map((session) => [session.device, session])));
  }

  /** The sessions that are open now. */
  list(): readonly Session[] {
    const now = this.#clock.now();
    return [...this.#open.values()].filter((session) => isOpen(session, now));
  }

  /** The session that is open on a device and whose reading has not come. */
  openOn(device: string): Session | undefined {
    const session = this.#open.get(device);
    return session !== undefined && !this.#claimed.has(device) && isOpen(session, this.#clock.now())
      ? session
      : undefined;
  }

  /** Whose badge it is. @throws BADGE_UNKNOWN */
  holderOf(badge: string): string {
    const holder = this.#registry.state.persons.values().find((person) => person.badge === badge);
    if (holder === undefined) throw errors.BADGE_UNKNOWN();
    return holder.reference;
  }

  /** @throws REGISTRY_INVALID, DEVICE_UNKNOWN, PERSON_NOT_REGISTERED, BADGE_UNKNOWN, SESSION_OPEN */
  async start(
    { device, who, lasts = DEFAULT_LASTS_MS }: { readonly device: string; readonly who: Who; readonly lasts?: number },
    actor: Actor,
  ): Promise<Session> {
    const now = this.#clock.now();
    const person = this.#personOf(who);
    if (this.#registry.state.devices.get(device) === undefined) throw errors.DEVICE_UNKNOWN();
    const other = this.#open.get(device);
    const isTaken = other !== undefined && (isOpen(other, now) || this.#claimed.has(device));
    if (isTaken || this.#opening.has(device)) throw errors.SESSION_OPEN();
    const { wall, monotonic, bootId } = now;
    const opened = { wall, monotonic, bootId };
    const session = parsed(sessionShape, {
      id: newId(),
      device,
      person,
      opened,
      earliest: wall - this.#grace(device, other, now),
      lasts,
      by: actor.by,
    });
    this.#opening.add(device);
    try {
      const subject = { session: session.id, device, person, seconds: lasts / 1_000, badge: "badge" in who };
      const deed = { action: "session-opened", subject, device, person };
      const fact = { shelf: SHELF, key: device, value: JSON.stringify(session) };
      await this.#journal.append(auditDraft(actor, deed, now), [fact]);
      this.#open.set(device, session);
      return session;
    } finally {
      this.#opening.delete(device);
    }
  }

  /** @throws SESSION_UNKNOWN where none is open, or its reading has just come. */
  async close(device: string, actor: Actor): Promise<void> {
    const now = this.#clock.now();
    const session = this.#open.get(device);
    if (session === undefined || this.#claimed.has(device) || !isOpen(session, now)) throw errors.SESSION_UNKNOWN();
    // Out of the book first: no frame gets it while its end is being written.
    this.#open.delete(device);
    this.#leftAt.set(device, now);
    const subject = { session: session.id, device, person: session.person };
    const deed = { action: "session-closed", subject, device, person: session.person };
    await this.#journal.append(auditDraft(actor, deed, now), closing(device));
  }

  claim(device: string, receivedAt: Instant, taken: number | undefined): Claim | undefined {
    const session = this.#open.get(device);
    if (session === undefined || this.#claimed.has(device) || !isOpen(session, receivedAt)) return undefined;
    const { opened, earliest = opened.wall - DEVICE_MINUTE_MS } = session;
    if (taken !== undefined && taken < earliest) return undefined;
    const person = this.#registry.state.persons.get(session.person);
    if (person === undefined) return undefined;
    this.#claimed.add(device);
    const settle = (used: boolean) => {
      this.#claimed.delete(device);
      if (used) this.#open.delete(device);
    };
    return { person, session: session.id, closing: closing(device), settle };
  }

  /** How far before its opening a reading of a session may lie by its device's clock. */
  #grace(device: string, expired: Session | undefined, { bootId, monotonic }: Instant): number {
    const left = this.#leftAt.get(device);
    const ends = [
      ...(left?.bootId === bootId ? [left.monotonic] : []),
      ...(expired?.opened.bootId === bootId ? [expired.opened.monotonic + expired.lasts] : []),
    ];
    return ends.some((end) => monotonic - end < DEVICE_MINUTE_MS) ? 0 : DEVICE_MINUTE_MS;
  }

  #personOf(who: Who): string {
    const { persons } = this.#registry.state;
    if ("badge" in who) return this.holderOf(who.badge);
    if (persons.get(who.person) === undefined) throw errors.PERSON_NOT_REGISTERED();
    return who.person;
  }
}

/** Picked by reference, or by what their badge said to a reader. */
export type Who = { readonly person: string } | { readonly badge: string };

/** By what no setting of a clock can move: a session is over at the next boot, and holds for no frame from before it. */
function isOpen({ opened, lasts }: Session, { bootId, monotonic }: Instant): boolean {
  const age = monotonic - opened.monotonic;
  return bootId === opened.bootId && age >= 0 && age < lasts;
}

const closing = (device: string): readonly Fact[] => [{ shelf: SHELF, key: device }];
