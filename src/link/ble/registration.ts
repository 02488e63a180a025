/**
 * What we register with bluetoothd, anew after each of its restarts: the pairing agent, and a GattProfile1 that lets the
 * kernel connect bonded devices by itself as soon as they advertise.
 */
import type { PairingDesk } from "../port.ts";
import type { Answer, Bus, Called } from "./bus.ts";
import { typed } from "./bus.ts";
import { devicePathOf } from "./objects.ts";

const AGENT = "/vigie/agent";
const APPLICATION = "/vigie/gatt";
const PROFILE = `${APPLICATION}/profile`;

/** Registers the agent (KeyboardDisplay: devices show a code, ask for one, or do neither). @throws as Bus.call() */
export async function registerAgent(bus: Bus): Promise<void> {
  const agent = { path: "/org/bluez", interface: "org.bluez.AgentManager1" };
  await bus.call({ ...agent, member: "RegisterAgent", signature: "os", body: [AGENT, "KeyboardDisplay"] });
  await bus.call({ ...agent, member: "RequestDefaultAgent", signature: "o", body: [AGENT] });
}

/** Registers the profile at an adapter. @throws as Bus.call() */
export async function registerProfile(bus: Bus, adapterPath: string): Promise<void> {
  const manager = { path: adapterPath, interface: "org.bluez.GattManager1" };
  await bus.call({ ...manager, member: "RegisterApplication", signature: "oa{sv}", body: [APPLICATION, {}] });
}

export interface RegisteredContext {
  /** Who answers for a device that is being paired; nobody does for any other. */
  readonly desk: (devicePath: string) => PairingDesk | undefined;
  /** The services by which bonded devices are connected. */
  readonly uuids: readonly string[];
  /** Whether the device at this object path may pair: it is enrolled, or being enrolled. */
  readonly welcome: (devicePath: string) => boolean;
}

/** Answers what bluetoothd asks of our objects. @throws where the answer is no */
export async function answer(called: Called, context: RegisteredContext): Promise<Answer> {
  const { path, interface: name, member } = called;
  if (path === AGENT && name === "org.bluez.Agent1") return answerAsAgent(called, context);
  if (path === APPLICATION && member === "GetManagedObjects") {
    return ["a{oa{sa{sv}}}", { [PROFILE]: { "org.bluez.GattProfile1": { UUIDs: typed("as", [...context.uuids]) } } }];
  }
  if (path === PROFILE && member === "Release") return [];
  throw new Error("no such method");
}

async function answerAsAgent({ member, body }: Called, context: RegisteredContext): Promise<Answer> {
  if (member === "Release" || member === "Cancel") return [];
  const [device, number] = body;
  const passkey = String(number).padStart(6, "0");
  const path = typeof device === "string" ? devicePathOf(device) : undefined;
  if (path === undefined || !context.welcome(path)) throw new Error("a device we do not know");
  const desk = context.desk(path);
  switch (member) {
    case "RequestAuthorization":
    case "AuthorizeService":
      return [];
    case "DisplayPasskey":
    case "DisplayPinCode":
      if (desk === undefined) throw new Error("nobody to show it to");
      desk.show(passkey);
      return [];
    case "RequestConfirmation":
      if ((await desk?.confirm(passkey)) !== true) throw new Error("nobody confirmed it");
      return [];
    case "RequestPasskey":
      return ["u", Number(await asked(desk))];
    case "RequestPinCode":
      return ["s", await asked(desk)];
    default:
      throw new Error("no such method");
  }
}

async function asked(desk: PairingDesk | undefined): Promise<string> {
  const passkey = await desk?.ask();
  if (passkey === undefined || !/^\d{1,6}$/.test(passkey)) throw new Error("no passkey was given");
  return passkey;
}
