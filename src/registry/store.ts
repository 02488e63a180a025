/** The registry: what is known on this box, in memory, and on disk with the audit record of each change. */
import type { Fact, JournalFacts, JournalWriter } from "../journal/port.ts";
import type { Clock, Instant } from "../measure/time.ts";
import { attribute } from "./attribute.ts";
import { type Actor, auditDraft, type Deed } from "./audit.ts";
import { isAllowed, wasAllowed } from "./consents.ts";
import type { Attribution, Consent, Moment, Registry } from "./port.ts";
import { changesOf, copyOf, loadState, type State } from "./state.ts";

export interface RegistryPolicy {
  /** Whether test and demonstration identities may enter. */
  readonly testIdentities: boolean;
  /** What holds where a person has said nothing about a destination. */
  readonly withoutConsent: "deliver" | "withhold";
  /** What becomes, on the box, of what was waiting for a destination when consent was withdrawn. */
  readonly withdrawnConsent: "hold" | "erase";
}

export const defaultPolicy: RegistryPolicy = {
  testIdentities: false,
  withoutConsent: "deliver",
  withdrawnConsent: "hold",
};

/** Over what a driver's devices speak; undefined where there is no such driver. */
export type TransportOf = (driver: string) => "ble" | "serial" | undefined;

export interface RegistryParts {
  readonly journal: JournalWriter & JournalFacts;
  readonly clock: Clock;
  readonly policy?: RegistryPolicy;
  /** What forced drivers are checked against. @default nothing: any name is taken */
  readonly transportOf?: TransportOf;
}

/** What a change comes to. */
export interface Decision<Result> {
  readonly deed: Deed;
  readonly result: Result;
  /** What is to be written with it that is not the registry's own. */
  readonly facts?: readonly Fact[];
  /** Something was done outside of the registry: it is recorded also where nothing in here changes. */
  readonly isDone?: true;
}

export class RegistryStore implements Registry, Consent {
  readonly policy: RegistryPolicy;
  readonly transportOf: TransportOf | undefined;
  readonly #journal: JournalWriter;
  readonly #clock: Clock;
  #state: State;
  #assignments: ReturnType<typeof inForce>;
  #last: Promise<unknown> = Promise.resolve();
  readonly #watchers = new Set<() => void>();

  private constructor({ journal, clock, policy = defaultPolicy, transportOf }: RegistryParts, state: State) {
    this.#journal = journal;
    this.#clock = clock;
    this.policy = policy;
    this.transportOf = transportOf;
    this.#state = state;
    this.#assignments = inForce(state);
  }

  static async open(parts: RegistryParts): Promise<RegistryStore> {
    return new RegistryStore(parts, await loadState(parts.journal));
  }

  /** What is known now. To be read, never written: a change goes through `change`. */
  get state(): State {
    return this.#state;
  }

  now(): Instant {
    return this.#clock.now();
  }

  /** Calls back after each change, once it is on disk, until the function it gives is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  attribute(device: string, userSlot: number | undefined, moment: Moment | undefined): Attribution {
    return attribute(this.#assignments, (reference) => this.#state.persons.get(reference), device, userSlot, moment);
  }

  mayReceive(person: string, destination: string, at: number): boolean {
    return isAllowed(this.#state, person, destination, at) ?? this.policy.withoutConsent === "deliver";
  }

  mayHaveReceived(person: string, destination: string, since: number, now: number): boolean {
    return wasAllowed(this.#state, { person, destination }, { since, now }, this.policy.withoutConsent === "deliver");
  }

  /**
   * Makes one change: on disk with its audit record, in one transaction, or not at all. One after the other.
   * @param decide changes the draft, or throws; where it changes nothing and brings no facts, nothing is recorded.
   */
  change<Result>(
    actor: Actor,
    decide: (draft: State, now: Instant) => Decision<Result> | Promise<Decision<Result>>,
  ): Promise<Result> {
    const changed = this.#last.then(async () => {
      const draft = copyOf(this.#state);
      const now = this.#clock.now();
      const { deed, result, facts = [], isDone } = await decide(draft, now);
      const changes = [...changesOf(draft), ...facts];
      if (changes.length === 0 && isDone !== true) return result;
      await this.#journal.append(auditDraft(actor, deed, now), changes);
      this.#state = draft;
      this.#assignments = inForce(draft);
      for (const watcher of [...this.#watchers]) watcher();
      return result;
    });
    // The next change waits for the end of this one, whichever way it ends; its own caller is told of a failure.
    this.#last = changed.catch(() => undefined);
    return changed;
  }
}

/** The assignments that say something: those that were corrected do not. */
function inForce({ assignments }: State) {
  return assignments.values().filter(({ correctedBy }) => correctedBy === undefined);
}
