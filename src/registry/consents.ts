/** What a person said about a destination: given, withdrawn, when, and by which medium. Nothing said is ever taken out. */
import type { Fact } from "../journal/port.ts";
import type { Actor } from "./audit.ts";
import { errors } from "./errors.ts";
import { parsed } from "./parsed.ts";
import { consentShape, type KnownConsent } from "./shape.ts";
import { consentKey, type State } from "./state.ts";
import type { RegistryStore } from "./store.ts";

/** @returns undefined where nothing had been said at that time. */
export function isAllowed(state: State, person: string, destination: string, at: number): boolean | undefined {
  const last = state.consents.get(consentKey(person, destination))?.said.findLast((one) => one.at <= at);
  return last === undefined ? undefined : last.what === "given";
}

/**
 * Whether something may have gone to a destination between a time and now: by what the gateway knew then, which a withdrawal
 * that it learned of later does not change.
 * @param otherwise what holds while nothing is said.
 */
export function wasAllowed(
  state: State,
  { person, destination }: Pick<KnownConsent, "person" | "destination">,
  { since, now }: { readonly since: number; readonly now: number },
  otherwise: boolean,
): boolean {
  const said = state.consents.get(consentKey(person, destination))?.said ?? [];
  const turns = said.map(({ at, learned = at }) => Math.max(at, learned)).filter((at) => at > since && at <= now);
  return [Math.min(since, now), ...turns].some((then) => {
    const last = said.findLast(({ at, learned = at }) => at <= then && learned <= then);
    return last === undefined ? otherwise : last.what === "given";
  });
}

export interface Said {
  readonly person: string;
  readonly destination: string;
  readonly medium: KnownConsent["said"][number]["medium"];
  /** When it was said, milliseconds since 1970; now where absent. */
  readonly at?: number;
}

/** @throws PERSON_NOT_REGISTERED, REGISTRY_INVALID */
export function giveConsent(registry: RegistryStore, said: Said, actor: Actor): Promise<void> {
  return say(registry, "given", said, actor);
}

/**
 * From that moment on nothing more of this person's goes to that destination. @throws as giveConsent
 * @param ordering what follows from it, to be written with it.
 */
export function withdrawConsent(
  registry: RegistryStore,
  said: Said,
  actor: Actor,
  ordering: Ordering = async () => [],
): Promise<void> {
  return say(registry, "withdrawn", said, actor, ordering);
}

type Ordering = (now: number) => Promise<readonly Fact[]>;

function say(
  registry: RegistryStore,
  what: "given" | "withdrawn",
  said: Said,
  actor: Actor,
  ordering: Ordering = async () => [],
): Promise<void> {
  const { person, destination, medium } = said;
  return registry.change(actor, async (draft, now) => {
    if (draft.persons.get(person) === undefined) throw errors.PERSON_NOT_REGISTERED();
    const known = draft.consents.get(consentKey(person, destination))?.said ?? [];
    const at = said.at ?? now.wall;
    const all = [...known, { what, at, medium, by: actor.by, ...(at === now.wall ? {} : { learned: now.wall }) }].sort(
      (a, b) => a.at - b.at,
    );
    draft.consents.put(parsed(consentShape, { person, destination, said: all }));
    const facts = await ordering(now.wall);
    const waiting = what === "given" ? {} : { waiting: facts.length === 0 ? "hold" : "erase" };
    const subject = { person, destination, medium, from: new Date(at).toISOString(), ...waiting };
    return { deed: { action: `consent-${what}`, subject, person }, facts, result: undefined };
  });
}
