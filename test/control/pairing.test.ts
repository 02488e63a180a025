/** The conversation between a technician's command and the radio; the radio is played by the test. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Pairings } from "../../src/control/pairing.ts";
import type { Answer } from "../../src/control/port.ts";
import type { VigieError } from "../../src/errors/error.ts";
import { errors } from "../../src/link/ble/errors.ts";
import type { NearbyDevice, PairedDevice, PairingDesk, Radio } from "../../src/link/port.ts";
import { putDevice } from "../../src/registry/known.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { cuff, House, marie } from "../fixtures/registry.ts";
import { deferred } from "../link/fixtures.ts";

const found: NearbyDevice = {
  address: cuff,
  name: "UA-651BLE",
  driver: "gatt-blood-pressure",
  rssi: -61,
  isKnown: false,
};

/** A radio that hears and pairs what the test says. */
class FakeRadio implements Radio {
  readonly nearby: NearbyDevice[] = [];
  pairs: (desk: PairingDesk) => Promise<Partial<PairedDevice>> = async () => ({});
  ended = 0;
  undone = 0;
  told: Parameters<Radio["search"]>[0] | undefined;

  search(told: Parameters<Radio["search"]>[0]) {
    this.told = told;
    const nearby = this.nearby;
    return {
      nearby,
      pair: async (address: string, desk: PairingDesk): Promise<PairedDevice> => ({
        address,
        name: "UA-651BLE",
        driver: "gatt-blood-pressure",
        method: "just-works",
        undo: async () => {
          this.undone += 1;
        },
        ...(await this.pairs(desk)),
      }),
      end: () => {
        this.ended += 1;
      },
    };
  }

  hear(device: NearbyDevice): void {
    this.nearby.push(device);
    this.told?.changed();
  }
}

let house: House;
let radio: FakeRadio;
let pairings: Pairings;
beforeEach(async () => {
  house = await House.open();
  radio = new FakeRadio();
  pairings = new Pairings({ registry: house.registry, radio: () => radio });
});
afterEach(() => house[Symbol.asyncDispose]());

type View = Extract<Answer, { is: "pairing" }>;
function viewOf(answer: Answer): View {
  if (answer.is !== "pairing") throw new Error(answer.is);
  return answer;
}
const begin = () => viewOf(pairings.begin());
const look = async ({ pairing, revision }: View) => viewOf(await pairings.look(pairing, revision));
/** Looks until the stage is there. */
async function until(view: View, at: View["stage"]["at"]): Promise<View> {
  return view.stage.at === at ? view : until(await look(view), at);
}
const pick = ({ pairing }: View, more: { label?: string; driver?: string } = {}) =>
  pairings.pick(pairing, { address: cuff, label: "Tensiomètre", actor: marie, ...more });
const devices = () => house.registry.state.devices.values();
const codeOf = (work: () => unknown) => {
  try {
    work();
    return "nothing";
  } catch (error) {
    return (error as VigieError).code;
  }
};

describe("a pairing", () => {
  test("tells what is heard as it is heard, and enrols what is picked with its label and its audit record", async () => {
    const first = begin();
    expect(first).toMatchObject({ stage: { at: "searching" }, nearby: [] });
    const next = look(first);
    radio.hear(found);
    const heard = await next;
    expect(heard.nearby).toEqual([found]);
    pick(heard);
    const paired = await until(heard, "paired");
    expect(paired.stage).toEqual({ at: "paired", address: cuff, label: "Tensiomètre", driver: "gatt-blood-pressure" });
    expect(devices()).toEqual([{ address: cuff, label: "Tensiomètre", name: "UA-651BLE" }]);
    expect((await house.bodies(RecordKind.audit)).at(-1)).toMatchObject({
      action: "device-paired",
      by: "marie",
      subject: { device: cuff, driver: "gatt-blood-pressure", method: "just-works" },
    });
  });

  test("is recorded again where the device was enrolled already and nothing else changed", async () => {
    for (const _time of [1, 2]) {
      const view = begin();
      radio.hear(found);
      pick(view);
      await until(view, "paired");
    }
    expect((await house.bodies(RecordKind.audit)).map(({ action }) => action)).toEqual([
      "device-paired",
      "device-paired",
    ]);
  });

  test("shows, asks and compares numbers, each answer once", async () => {
    const heard: unknown[] = [];
    radio.pairs = async (desk) => {
      desk.show("001234");
      heard.push(await desk.ask(), await desk.confirm("000099"));
      return {};
    };
    const view = begin();
    expect(codeOf(() => pairings.answer(view.pairing, { passkey: "1" }))).toBe("PAIRING_OVER");
    pick(view);
    const asked = await until(view, "ask");
    expect(codeOf(() => pairings.answer(view.pairing, { same: true }))).toBe("PAIRING_OVER");
    pairings.answer(view.pairing, { passkey: "004711" });
    const compared = await until(asked, "confirm");
    expect(compared.stage).toEqual({ at: "confirm", passkey: "000099" });
    pairings.answer(view.pairing, { same: true });
    await until(compared, "paired");
    expect(heard).toEqual(["004711", true]);
  });

  test("that fails says why, once and for all, and nobody is left waiting for an answer", async () => {
    const asked = deferred<string>();
    radio.pairs = async (desk) => {
      asked.resolve(await desk.ask());
      return {};
    };
    const view = begin();
    pick(view);
    const before = await until(view, "ask");
    radio.told?.over(errors.BLE_ADAPTER_OFF());
    const failed = await until(before, "failed");
    expect(failed.stage).toEqual({ at: "failed", code: "BLE_ADAPTER_OFF" });
    expect(await asked.promise).toBe("");
    radio.told?.over(errors.PAIRING_TIMEOUT());
    expect(viewOf(await pairings.look(view.pairing, 0)).stage).toEqual(failed.stage);
  });

  test("of what cannot be enrolled is undone", async () => {
    const view = begin();
    pick(view);
    await house.close(); // what is paired now cannot be written
    const failed = await until(view, "failed");
    expect(failed.stage).toMatchObject({ code: expect.stringMatching(/^JOURNAL_/) });
    expect(radio.undone).toBe(1);
    expect(devices()).toEqual([]);
  });

  test("does not begin with a label or a driver that the registry would refuse", async () => {
    const view = begin();
    expect(codeOf(() => pick(view, { label: "" }))).toBe("REGISTRY_INVALID");
    expect(viewOf(await pairings.look(view.pairing, 0)).stage.at).toBe("searching");
    pick(view, { driver: "gatt-blood-pressure" });
    await until(view, "paired");
    expect(devices()).toMatchObject([{ driver: "gatt-blood-pressure" }]);
  });

  test("of a device that is known keeps the driver that was chosen for it, and takes the new label", async () => {
    const driver = "gatt-blood-pressure";
    await putDevice(house.registry, { address: cuff, label: "Ancien nom", driver }, marie);
    const view = begin();
    pick(view);
    await until(view, "paired");
    expect(devices()).toEqual([{ address: cuff, label: "Tensiomètre", driver, name: "UA-651BLE" }]);
  });

  test("shows and keeps of a name what a terminal and the registry can bear", async () => {
    const view = begin();
    radio.hear({ ...found, name: "\u001b[2JUA\u202e-651\u0000BLE" });
    radio.pairs = async () => ({ name: `${"x".repeat(200)}\n` });
    const heard = await look(view);
    expect(heard.nearby[0]?.name).toBe("[2JUA-651BLE");
    pick(heard);
    await until(heard, "paired");
    expect(devices()).toMatchObject([{ name: "x".repeat(80) }]);
  });

  test("is ended by whoever began it or by the next one, and answers no more then", async () => {
    const first = begin();
    const second = begin();
    expect(radio.ended).toBe(1);
    await expect(pairings.look(first.pairing, 0)).rejects.toMatchObject({ code: "PAIRING_OVER" });
    expect(codeOf(() => pick(first))).toBe("PAIRING_OVER");
    pairings.end(second.pairing);
    expect((await until(second, "failed")).stage).toEqual({ at: "failed", code: "PAIRING_STOPPED" });
    expect(codeOf(() => pick(second))).toBe("PAIRING_OVER");
  });

  test("does not begin without a radio, and says why", () => {
    const none = new Pairings({
      registry: house.registry,
      radio: () => {
        throw errors.BLE_ADAPTER_ABSENT();
      },
    });
    expect(codeOf(() => none.begin())).toBe("BLE_ADAPTER_ABSENT");
  });
});
