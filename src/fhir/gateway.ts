/** The gateway as an HL7 PhgDevice 1.0.0: registered in a bundle of its own, since a Mesures bundle holds one Device only. */
import { gatewayUuid } from "../measure/identity.ts";
import { systemIdIdentifier, systemIdOf } from "./device.ts";
import { organisation } from "./person.ts";
import type { GatewayIdentity, TimeSync } from "./port.ts";
import { fullUrl, ownIdentifier, search } from "./reference.ts";
import { concept, mdc, profiles } from "./systems.ts";
import type { Bundle, Device, Identifier, Reference } from "./types.ts";

/** MDC_MOC_VMS_MDS_AHD: an application hosting device, which is what 20601 calls a gateway. */
const GATEWAY = 531981;
/** MDC_ID_PROD_SPEC_SW. */
const SOFTWARE_VERSION = 531975;
/** MDC_TIME_SYNC_PROTOCOL and its values. */
const TIME_SYNC_PROTOCOL = 68220;
const timeSyncProtocols = {
  none: 532224,
  ntp: 532226,
  sntp: 532227,
  manual: 532234,
} as const satisfies Record<TimeSync, number>;

/** What names the gateway alone: its System ID, else a UUID made of its id. */
export function gatewayIdentifier(gateway: GatewayIdentity): Identifier {
  return systemIdOf(gateway) === undefined
    ? ownIdentifier(gatewayUuid(gateway.id))
    : systemIdIdentifier(gateway.systemId);
}

/** For the gatewayDevice extension: the gateway was registered before, so it is named by its identifier. */
export function gatewayReference(gateway: GatewayIdentity): Reference {
  return { type: "Device", identifier: gatewayIdentifier(gateway) };
}

/**
 * Registers the gateway. To be sent once, and again when the result changes: a conditional update creates the Device
 * where there is none and brings it up to date where there is one, so a repeat is harmless. Its id is the server's.
 */
export function phgDevice(gateway: GatewayIdentity): Bundle {
  const { timeSync = "none" } = gateway;
  const unique = gatewayIdentifier(gateway);
  const systemId = systemIdIdentifier(systemIdOf(gateway));
  const resource: Device = {
    resourceType: "Device",
    meta: { profile: [profiles.phgDevice] },
    identifier: unique.value === systemId.value ? [systemId] : [systemId, unique],
    deviceName: [{ name: gateway.id, type: "user-friendly-name" }],
    type: concept(mdc(GATEWAY)),
    version: [{ type: concept(mdc(SOFTWARE_VERSION)), value: gateway.version }],
    property: [{ type: concept(mdc(TIME_SYNC_PROTOCOL)), valueCode: [concept(mdc(timeSyncProtocols[timeSync]))] }],
    owner: organisation("FINEG", gateway.structure.finess),
  };
  const request = { method: "PUT", url: `Device?${search(unique)}` } as const;
  const entry = { fullUrl: fullUrl(gatewayUuid(gateway.id)), resource, request };
  return { resourceType: "Bundle", type: "transaction", entry: [entry] };
}
