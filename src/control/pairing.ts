/**
 * A technician pairs a device, over a socket that knows one question and one answer: each look is answered once there is
 * news. One pairing at a time; a pairing that nobody looks at ends by the search's own time.
 */
import { isVigieError } from "../errors/error.ts";
import type { PairingDesk, Radio, Search } from "../link/port.ts";
import type { Actor } from "../registry/audit.ts";
import { newId } from "../registry/audit.ts";
import { checkDevice, enrolDevice } from "../registry/known.ts";
import type { RegistryStore } from "../registry/store.ts";
import { errors } from "./errors.ts";
import type { Answer, PairingStage } from "./port.ts";

export interface PairingParts {
  readonly registry: RegistryStore;
  /** @throws why there is none */
  readonly radio: () => Radio;
}

interface Choice {
  readonly address: string;
  readonly label: string;
  readonly driver?: string;
  readonly actor: Actor;
}

type Said = { readonly passkey?: string; readonly same?: boolean };

export class Pairings {
  readonly #parts: PairingParts;
  #current: Pairing | undefined;

  constructor(parts: PairingParts) {
    this.#parts = parts;
  }

  /** @throws as Radio.search(), and why there is no radio */
  begin(): Answer {
    this.#current?.end();
    this.#current = new Pairing(this.#parts.radio(), this.#parts.registry);
    return this.#current.view();
  }

  /** Resolves once the revision is a later one. @throws PAIRING_OVER */
  async look(id: string, since: number): Promise<Answer> {
    const pairing = this.#find(id);
    await pairing.newsSince(since);
    return pairing.view();
  }

  /** @throws PAIRING_OVER, REGISTRY_INVALID, DEVICE_DRIVER_UNFIT: then nothing was begun. What comes later, a look tells. */
  pick(id: string, choice: Choice): void {
    this.#find(id).pick(choice);
  }

  /** @throws PAIRING_OVER */
  answer(id: string, said: Said): void {
    this.#find(id).answer(said);
  }

  /** @throws PAIRING_OVER */
  end(id: string): void {
    this.#find(id).end();
  }

  #find(id: string): Pairing {
    if (this.#current?.id !== id) throw errors.PAIRING_OVER();
    return this.#current;
  }
}

class Pairing {
  readonly id = newId();
  readonly #registry: RegistryStore;
  readonly #search: Search;
  readonly #waiting = new Set<() => void>();
  #revision = 1;
  #stage: PairingStage = { at: "searching" };
  /** Takes what the technician says; there while a number is asked for. */
  #hear: ((said: Said) => void) | undefined;

  constructor(radio: Radio, registry: RegistryStore) {
    this.#registry = registry;
    this.#search = radio.search({ changed: () => this.#news(), over: (error) => this.#fail(error) });
  }

  view(): Answer {
    const nearby = this.#search.nearby.map(({ name, ...device }) => ({ ...device, ...named(name) }));
    return { is: "pairing", pairing: this.id, revision: this.#revision, stage: this.#stage, nearby };
  }

  newsSince(revision: number): Promise<void> {
    if (this.#revision > revision) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  pick({ address, label, driver, actor }: Choice): void {
    if (this.#stage.at !== "searching") throw errors.PAIRING_OVER();
    // A device that is paired anew keeps the driver that somebody chose for it.
    const chosen = driver ?? this.#registry.state.devices.get(address)?.driver;
    const forced = chosen === undefined ? {} : { driver: chosen };
    checkDevice(this.#registry, { address, label, ...forced });
    this.#become({ at: "pairing" });
    void this.#pair({ address, label, ...forced, actor }).catch((error: unknown) => this.#fail(error));
  }

  answer(said: Said): void {
    const wanted = this.#stage.at === "ask" ? said.passkey : this.#stage.at === "confirm" ? said.same : undefined;
    if (wanted === undefined || this.#hear === undefined) throw errors.PAIRING_OVER();
    this.#hear(said);
    this.#become({ at: "pairing" });
  }

  end(): void {
    this.#search.end();
    this.#become({ at: "failed", code: "PAIRING_STOPPED" });
  }

  /** On the radio, then in the registry: what cannot be enrolled does not stay paired. */
  async #pair({ address, label, driver, actor }: Choice): Promise<void> {
    const paired = await this.#search.pair(address, this.#desk(), driver);
    const forced = driver === undefined ? {} : { driver };
    const device = { address: paired.address, label, ...forced, ...named(paired.name) };
    await enrolDevice(this.#registry, device, paired, actor).catch(async (error: unknown) => {
      await paired.undo();
      throw error;
    });
    this.#become({ at: "paired", address: paired.address, label, driver: paired.driver });
  }

  #desk(): PairingDesk {
    return {
      show: (passkey) => this.#become({ at: "show", passkey }),
      confirm: async (passkey) => (await this.#heard({ at: "confirm", passkey })).same === true,
      ask: async () => (await this.#heard({ at: "ask" })).passkey ?? "",
    };
  }

  #heard(stage: PairingStage): Promise<Said> {
    return new Promise((resolve) => {
      this.#hear = resolve;
      this.#become(stage);
    });
  }

  #fail(error: unknown): void {
    const { code, detail } = isVigieError(error) ? error : { code: "INTERNAL", detail: {} };
    this.#become({ at: "failed", code, ...(detail.found === undefined ? {} : { found: detail.found }) });
  }

  /** The first end stands. Whoever is still asked then is taken to say no. */
  #become(stage: PairingStage): void {
    if (this.#stage.at === "paired" || this.#stage.at === "failed") return;
    this.#stage = stage;
    if (stage.at === "paired" || stage.at === "failed") this.#hear?.({});
    this.#news();
  }

  #news(): void {
    this.#revision += 1;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

/** What a device calls itself, fit for a terminal and for the registry: anybody may broadcast anything. */
function named(name = ""): { readonly name?: string } {
  const shown = name
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, "")
    .trim()
    .slice(0, 80);
  return shown === "" ? {} : { name: shown };
}
