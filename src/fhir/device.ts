/** The device as an HL7 PhdDevice 1.0.0, and the identifier that keeps a server from creating it twice. */
import type { Specialization } from "../measure/codes.ts";
import type { Device as MeasuringDevice } from "../measure/measurement.ts";
import type { GatewayIdentity } from "./port.ts";
import { ownIdentifier, search, uuidFrom } from "./reference.ts";
import { codeSystems, concept, identifierSystems, mdc, profiles } from "./systems.ts";
import type { CodeableConcept, Device, Identifier } from "./types.ts";

/** MDC_MOC_VMS_MDS_SIMP: any personal health device. */
const PERSONAL_HEALTH_DEVICE = 65573;
/** MDC_ID_PROD_SPEC_HW, _SW, _FW. */
const versionTypes = { hardware: 531974, software: 531975, firmware: 531976 } as const;
/** The profile wants a System ID even of a device that has none. It names nothing, so nothing is ever looked up by it. */
const NO_SYSTEM_ID = "0000000000000000";
/** What the profile's mandatory manufacturer and model say where the device said nothing. */
const NOT_GIVEN = "unknown";

export interface NamedDevice {
  readonly uuid: string;
  readonly resource: Device;
  readonly ifNoneExist: string;
}

/**
 * @param editorOid of the destination's operator; it names a device without System ID, which else goes by its Bluetooth
 * address or, on a serial port, by a UUID made of the gateway's id and the port's name.
 */
export function phdDevice(
  device: MeasuringDevice,
  specialization: Specialization,
  gateway: GatewayIdentity,
  editorOid?: string,
): NamedDevice {
  const uuid = deviceUuid(device, gateway);
  const names = identifiersOf(device, uuid, editorOid);
  const versions = (["hardware", "software", "firmware"] as const).flatMap((part) => {
    const value = device[part];
    return value === undefined ? [] : [{ type: concept(mdc(versionTypes[part])), value }];
  });
  return {
    uuid,
    ifNoneExist: search(names.unique),
    resource: {
      resourceType: "Device",
      id: uuid,
      meta: { profile: [profiles.phdDevice] },
      identifier: names.all,
      manufacturer: device.manufacturer ?? NOT_GIVEN,
      ...(device.serialNumber === undefined ? {} : { serialNumber: device.serialNumber }),
      ...(device.name === undefined ? {} : { deviceName: [{ name: device.name, type: "other" }] }),
      modelNumber: device.model ?? NOT_GIVEN,
      type: concept(mdc(PERSONAL_HEALTH_DEVICE)),
      // A device that speaks no 20601 follows version 1 of its specialization (Bluetooth transcoding white paper).
      specialization: [{ systemType: concept(mdc(specialization)), version: "1" }],
      ...(versions.length === 0 ? {} : { version: versions }),
    },
  };
}

/** The System ID, unless it is one that says nothing. */
export function systemIdOf({ systemId }: { readonly systemId?: string }): string | undefined {
  return systemId === undefined || /^(0+|F+)$/.test(systemId) ? undefined : systemId;
}

function deviceUuid(device: MeasuringDevice, gateway: GatewayIdentity): string {
  const systemId = systemIdOf(device);
  if (systemId !== undefined) return uuidFrom("device", "eui-64", systemId);
  return device.transport === "ble"
    ? uuidFrom("device", "bluetooth", device.address)
    : uuidFrom("device", "serial", gateway.id, device.address);
}

/** What names the device alone: its System ID, else its Bluetooth address, else a UUID. */
export function deviceIdentifier(device: MeasuringDevice, gateway: GatewayIdentity): Identifier {
  return identifiersOf(device, deviceUuid(device, gateway), undefined).unique;
}

/** The mandatory System ID identifier of PhdDevice and PhgDevice. */
export function systemIdIdentifier(systemId = NO_SYSTEM_ID): Identifier {
  return { type: continua("SYSID"), system: identifierSystems.eui64, value: dashed(systemId) };
}

function identifiersOf(device: MeasuringDevice, uuid: string, editorOid: string | undefined) {
  const systemId = systemIdOf(device);
  const eui64 = systemIdIdentifier(systemId);
  const bluetooth: Identifier | undefined =
    device.transport === "ble"
      ? { type: continua("BTMAC"), system: identifierSystems.bluetooth, value: device.address.replaceAll(":", "-") }
      : undefined;
  const all = bluetooth === undefined ? [eui64] : [eui64, bluetooth];
  if (systemId !== undefined) return { unique: eui64, all };
  const fallback = bluetooth ?? ownIdentifier(uuid);
  const unique = editorOid === undefined ? fallback : { system: `urn:oid:${editorOid}`, value: uuid };
  return { unique, all: all.includes(unique) ? all : [...all, unique] };
}

function continua(code: "SYSID" | "BTMAC"): CodeableConcept {
  return concept({ system: codeSystems.continuaIdentifiers, code });
}

/** `FEEDABEEDEAD77C3` as HL7 PHD writes it: `FE-ED-AB-EE-DE-AD-77-C3`. */
function dashed(hex: string): string {
  return hex.replace(/(..)(?=.)/g, "$1-");
}
