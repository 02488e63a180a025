/** The interfaces of org.bluez that the bench exports, as BlueZ 5.66 documents them (doc/*-api.txt). */
import type { InterfaceShape } from "./exporter.ts";

export const ADAPTER = "org.bluez.Adapter1";
export const DEVICE = "org.bluez.Device1";
export const SERVICE = "org.bluez.GattService1";
export const CHARACTERISTIC = "org.bluez.GattCharacteristic1";
export const AGENT_MANAGER = "org.bluez.AgentManager1";
export const GATT_MANAGER = "org.bluez.GattManager1";

export const shapes = {
  [AGENT_MANAGER]: {
    methods: { RegisterAgent: ["os", ""], RequestDefaultAgent: ["o", ""], UnregisterAgent: ["o", ""] },
    properties: {},
  },
  [GATT_MANAGER]: {
    methods: { RegisterApplication: ["oa{sv}", ""], UnregisterApplication: ["o", ""] },
    properties: {},
  },
  [ADAPTER]: {
    methods: {
      StartDiscovery: ["", ""],
      StopDiscovery: ["", ""],
      SetDiscoveryFilter: ["a{sv}", ""],
      RemoveDevice: ["o", ""],
    },
    properties: { Address: "s", AddressType: "s", Name: "s", Alias: "s", Powered: "b", Discovering: "b" },
  },
  [DEVICE]: {
    methods: { Connect: ["", ""], Disconnect: ["", ""], Pair: ["", ""], CancelPairing: ["", ""] },
    properties: {
      Address: "s",
      AddressType: "s",
      Name: "s",
      Alias: "s",
      Paired: "b",
      Bonded: "b",
      Trusted: "b",
      Connected: "b",
      ServicesResolved: "b",
      UUIDs: "as",
      RSSI: "n",
      Adapter: "o",
    },
  },
  [SERVICE]: { methods: {}, properties: { UUID: "s", Device: "o", Primary: "b" } },
  [CHARACTERISTIC]: {
    methods: {
      ReadValue: ["a{sv}", "ay"],
      WriteValue: ["aya{sv}", ""],
      StartNotify: ["", ""],
      StopNotify: ["", ""],
    },
    properties: { UUID: "s", Service: "o", Value: "ay", Notifying: "b", Flags: "as" },
  },
} as const satisfies Record<string, InterfaceShape>;
