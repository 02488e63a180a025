/** What a technician sees and types while a device is paired: a numbered list that grows, one pick, at most one number. */
import { createInterface } from "node:readline";
import type { Answer, Control, PairingStage } from "../control/port.ts";
import { isVigieError } from "../errors/error.ts";
import { actorOf, answered, refusal } from "./control.ts";
import { type Io, print } from "./io.ts";

export interface PairOptions {
  /** Picked as soon as it is heard, instead of by its number. */
  readonly address?: string;
  readonly label?: string;
  readonly driver?: string;
  /** Also what no driver reads. */
  readonly all?: boolean;
  readonly json?: boolean;
  readonly by?: string;
  readonly reason?: string;
}

type View = Extract<Answer, { is: "pairing" }>;
type Device = View["nearby"][number];

/** @throws PAIRING_… and BLE_…, as the gateway says them; what the registry refuses */
export async function pairDevice(io: Io, control: Control, options: PairOptions): Promise<void> {
  const first = await answered(control, { do: "pairing-begin" }, "pairing");
  await using conversation = new Conversation(io, control, options, first.pairing);
  await conversation.hold(first);
}

class Conversation implements AsyncDisposable {
  readonly #io: Io;
  readonly #control: Control;
  readonly #options: PairOptions;
  readonly #pairing: string;
  readonly #lines: ReturnType<typeof createInterface>;
  /** What was typed, a line at a time; undefined at its end. */
  readonly #typed: () => Promise<string | undefined>;
  readonly #listed: Device[] = [];
  #picked: Device | undefined;
  #stage: PairingStage = { at: "searching" };
  /** What is asked for once, however long the list grows. */
  #isAsked = false;
  #isOver = false;

  constructor(io: Io, control: Control, options: PairOptions, pairing: string) {
    this.#io = io;
    this.#control = control;
    this.#options = options;
    this.#pairing = pairing;
    this.#lines = createInterface({ input: io.stdin });
    const lines = this.#lines[Symbol.asyncIterator]();
    this.#typed = async () => {
      const { value, done } = await lines.next();
      return done === true ? undefined : value.trim();
    };
  }

  async hold(first: View): Promise<void> {
    await this.#say(
      "Mettez l'appareil en mode appairage, près de la passerelle. Ce qui est entendu s'affiche ici.",
      "Put the device into pairing mode, near the gateway. What is heard appears here.",
    );
    const stopped = this.#io.interrupted().then(() => "stop" as const);
    let news = Promise.resolve(first);
    let typed = this.#typed().then((line) => ({ line }));
    while (!this.#isOver) {
      const event = await Promise.race([news, typed, stopped]);
      if (event === "stop") throw await refusal({ code: "PAIRING_STOPPED" });
      if ("line" in event) {
        typed = event.line === undefined ? new Promise(() => {}) : this.#typed().then((line) => ({ line }));
        await this.#took(event.line);
      } else {
        news = this.#look(event.revision);
        // A gateway that ends while this is told of something else is told of at the next look.
        news.catch(() => undefined);
        await this.#tell(event);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lines.close();
    // A gateway that has gone meanwhile has ended it.
    if (!this.#isOver) await this.#control.ask({ do: "pairing-end", pairing: this.#pairing }).catch(() => undefined);
  }

  #look(since: number): Promise<View> {
    return answered(this.#control, { do: "pairing-look", pairing: this.#pairing, since }, "pairing");
  }

  async #tell(view: View): Promise<void> {
    if (this.#options.json === true) await print(this.#io.stdout, JSON.stringify(view));
    const { stage, nearby } = view;
    if (stage.at === "searching") return this.#list(nearby);
    if (JSON.stringify(stage) === JSON.stringify(this.#stage)) return;
    this.#stage = stage;
    switch (stage.at) {
      case "pairing":
        return;
      case "show":
        return this.#say(`Tapez sur l'appareil : ${stage.passkey}`, `Type on the device: ${stage.passkey}`);
      case "confirm":
        return this.#say(
          `L'appareil montre-t-il ${stage.passkey} ? (o/n)`,
          `Does the device show ${stage.passkey}? (y/n)`,
        );
      case "ask":
        return this.#say("Quel code montre l'appareil ?", "Which code does the device show?");
      case "paired":
        this.#isOver = true;
        return this.#say(
          `Appairé et enregistré : ${stage.label} (${stage.driver}). Faites une première mesure pour vérifier.`,
          `Paired and enrolled: ${stage.label} (${stage.driver}). Take a first reading to check.`,
        );
      case "failed":
        this.#isOver = true;
        throw await refusal(stage);
    }
  }

  async #list(nearby: readonly Device[]): Promise<void> {
    const { address: wanted, driver: forced, all = forced !== undefined } = this.#options;
    if (this.#picked !== undefined) return;
    const isListed = ({ address }: Device) => this.#listed.some((device) => device.address === address);
    for (const device of nearby.filter((one) => !isListed(one) && (all || one.driver !== undefined))) {
      this.#listed.push(device);
      const { name = "?", driver = "–", rssi, address, isKnown } = device;
      const signal = rssi === undefined ? "" : `${rssi} dBm`;
      const known = isKnown ? "déjà enregistré · enrolled already" : "";
      const cells = [`${this.#listed.length}`.padStart(3), name.padEnd(24), driver.padEnd(20), signal, address, known];
      await this.#line(cells.join("  ").trimEnd());
    }
    const found = nearby.find(({ address }) => address === wanted);
    if (found !== undefined) await this.#chosen(found);
    else if (this.#listed.length > 0 && wanted === undefined && !this.#isAsked) {
      this.#isAsked = true;
      await this.#say("Son numéro, puis Entrée :", "Its number, then Enter:");
    }
  }

  /** A line was typed: what it means depends on what was asked. */
  async #took(line: string | undefined): Promise<void> {
    const stage = this.#stage.at;
    if (line === undefined) {
      const needsSomebody = this.#options.address === undefined || stage === "ask" || stage === "confirm";
      if (needsSomebody) throw await refusal({ code: "PAIRING_STOPPED" });
    } else if (this.#picked !== undefined && stage === "searching") {
      await this.#pick(this.#picked, line);
    } else if (stage === "searching") {
      const device = this.#listed[Number(line) - 1];
      if (device === undefined)
        await this.#say("Un numéro de la liste, s'il vous plaît.", "A number of the list, please.");
      else await this.#chosen(device);
    } else if (stage === "ask" && /^\d{1,6}$/.test(line)) {
      await this.#answer({ passkey: line });
    } else if (stage === "confirm" && /^(?:o|oui|y|yes|n|non|no)$/i.test(line)) {
      await this.#answer({ same: /^[oy]/i.test(line) });
    }
  }

  async #chosen(device: Device): Promise<void> {
    this.#picked = device;
    const label = this.#options.label ?? (device.isKnown ? await this.#labelOf(device) : undefined);
    if (label !== undefined) return this.#pick(device, label);
    await this.#say("Nom de l'appareil pour l'équipe :", "What the staff calls the device:");
  }

  async #pick({ address }: Device, label: string): Promise<void> {
    const { driver } = this.#options;
    const forced = driver === undefined ? {} : { driver };
    const request = { do: "pairing-pick", pairing: this.#pairing, address, label, ...forced } as const;
    await answered(this.#control, { ...request, actor: actorOf(this.#options) }, "done");
    this.#stage = { at: "pairing" };
    await this.#say("Appairage…", "Pairing…");
  }

  async #labelOf({ address }: Device): Promise<string | undefined> {
    const { devices } = await answered(this.#control, { do: "registry-show" }, "registry");
    return devices.find((known) => known.address === address)?.label;
  }

  async #answer(said: { readonly passkey: string } | { readonly same: boolean }): Promise<void> {
    const request = { do: "pairing-answer", pairing: this.#pairing, ...said } as const;
    await answered(this.#control, request, "done").catch((error: unknown) => {
      if (!isVigieError(error, "PAIRING_OVER")) throw error; // too late: the next look says what became of it
    });
  }

  async #say(fr: string, en: string): Promise<void> {
    await this.#line(`${fr}\n${en}`);
  }

  async #line(text: string): Promise<void> {
    if (this.#options.json !== true) await print(this.#io.stdout, text);
  }
}
