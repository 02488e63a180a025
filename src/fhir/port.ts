/** What a bundle is made of, besides the measurement: who is measured, and by which gateway. */

/** A person as the platform or the structure knows them. */
export interface Person {
  /** Opaque, given by the platform or the structure. Never an INS. */
  readonly reference: string;
  /** Under which system the reference stands (`urn:oid:…` or a URL). */
  readonly system: string;
  /** What the site calls them: `Chambre 12`. For people before the box only; it never enters a bundle. */
  readonly label: string;
}

export interface Structure {
  /** FINESS of the geographic entity (FINEG), 9 digits. */
  readonly finess: string;
  readonly name: string;
}

export interface GatewayIdentity {
  /** Stable, `[a-z0-9-]{1,40}`: names the gateway in topics and in segments. */
  readonly id: string;
  readonly structure: Structure;
  /** IEEE EUI-64 of the gateway, 16 upper-case hex digits, where it has one. */
  readonly systemId?: string;
  /** IANA zone of the site, in which devices tell their local time: `Europe/Paris`. */
  readonly timeZone: string;
  /** The software's version. */
  readonly version: string;
}
