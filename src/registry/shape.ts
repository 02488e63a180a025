/** The forms of what the registry knows; checked wherever it comes from: configuration, command line, platform, disk. */
import { z } from "zod";
import { type InsType, insOids } from "../fhir/port.ts";
import { isMatricule } from "./matricule.ts";

/** A Bluetooth address in upper case, or the name of a serial device. */
export const ADDRESS = /^(?:[0-9A-F]{2}(?::[0-9A-F]{2}){5}|[a-z0-9][a-z0-9-]{0,39})$/;
/** Opaque: a French NIR or INS (13 characters, 15 with its key) is a national identity and is refused. */
export const REFERENCE = /^(?![1-478]\d{4}(?:\d\d|2[AB])\d{6}(?:\d\d)?$)[\x21-\x7e]{1,64}$/;
/** 1.2.250.1.213.1.4.8 to .11 are the systems of the INS: they are no system of an opaque reference. */
export const SYSTEM =
  /^(?!urn:oid:1\.2\.250\.1\.213\.1\.4\.(?:8|9|10|11)$)(?:urn:oid:[0-9.]+|urn:uuid:[0-9a-f-]{36}|https?:\/\/\S+)$/;
/**
 * Nine characters, of which the second of the department may be A or B (Corsica). The last one is a check digit by
 * usage, but no public text that we know defines it for every number: only the form is checked.
 */
export const FINESS = /^[0-9][0-9AB][0-9]{7}$/;
/** A serial port, under /dev alone: a document that a platform pushed opens no other file. */
export const PORT = /^\/dev\/(?!.*\.\.)[\w.,:+@/-]{1,200}$/;
/** Rate, data bits, parity, stop bits, as technicians write them: `2400 7E1`. */
export const LINE = /^([1-9]\d{1,6}) ([78])([NEO])([12])$/;
/** A device numbers its users in one byte, of which 255 is "unknown". */
export const MAX_SLOT = 254;

const label = z.string().min(1).max(80);
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/);
const instant = z.int();
const day = z.iso.date();

export const deviceShape = z.strictObject({
  address: z.string().regex(ADDRESS),
  label,
  /** Forced driver. */
  driver: name.exactOptional(),
  /** The name it broadcasts, where its driver needs it. */
  name: z.string().min(1).max(80).exactOptional(),
  /** Where a serial device is plugged in; where absent, the port that the configuration gives under `links.serial`. */
  port: z.string().regex(PORT).exactOptional(),
  /** How its line is set where that is not its driver's way: `9600 8N1`. */
  line: z.string().regex(LINE).exactOptional(),
});
export type KnownDevice = z.output<typeof deviceShape>;

const parities = { N: "none", E: "even", O: "odd" } as const;

/** The settings that a text such as `2400 7E1` names; nothing where it names none. */
export function lineOf(text: string) {
  const [, rate, dataBits, parity, stopBits] = LINE.exec(text) ?? [];
  if (rate === undefined) return {};
  return {
    baudRate: Number(rate),
    dataBits: dataBits === "7" ? 7 : 8,
    parity: parity === "E" || parity === "O" ? parities[parity] : parities.N,
    stopBits: stopBits === "2" ? 2 : 1,
  } as const;
}

/** Over what a device speaks, by the form of its address. */
export const transportOf = (address: string): "ble" | "serial" => (address.includes(":") ? "ble" : "serial");

const insTypes = Object.keys(insOids).filter((type): type is InsType => type in insOids);
const trait = z.string().min(1).max(100);

/** A qualified identity: only with the status VALI, with the traits as the téléservice INSi returned them. */
const identityShape = z.strictObject({
  status: z.literal("VALI"),
  type: z.enum(insTypes),
  matricule: z.string().refine(isMatricule),
  birthName: trait,
  firstGivenName: trait,
  givenNames: trait,
  gender: z.enum(["male", "female", "unknown"]),
  birthDate: day,
  birthPlace: z.string().regex(/^(?:\d{2}|2[AB])\d{3}$/),
  validation: z
    .strictObject({ date: day.exactOptional(), mode: z.string().min(1).max(10).exactOptional() })
    .exactOptional(),
});

export const personShape = z.strictObject({
  reference: z.string().regex(REFERENCE),
  system: z.string().regex(SYSTEM),
  label,
  /** What the person's badge says to a reader. */
  badge: z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/)
    .exactOptional(),
  ins: identityShape.exactOptional(),
  mesPairing: z
    .strictObject({
      system: z.string().regex(/^(?:urn:oid:[0-9.]+|https?:\/\/\S+)$/),
      value: z.string().min(1).max(64),
    })
    .exactOptional(),
});
export type KnownPerson = z.output<typeof personShape>;

const id = z.string().regex(/^[0-9a-f]{8}$/);

export const assignmentShape = z.strictObject({
  id,
  device: deviceShape.shape.address,
  userSlot: z.int().min(0).max(MAX_SLOT).exactOptional(),
  person: personShape.shape.reference,
  /** Inclusive, milliseconds since 1970. */
  from: instant,
  /** Exclusive; open where absent. */
  until: instant.exactOptional(),
  /** The assignment that this one puts right. */
  corrects: id.exactOptional(),
  /** The assignment that put this one right: it says nothing any more. */
  correctedBy: id.exactOptional(),
});
export type KnownAssignment = z.output<typeof assignmentShape>;

/** By which medium a person said so. */
export const media = ["paper", "oral", "electronic"] as const;

export const consentShape = z.strictObject({
  person: personShape.shape.reference,
  destination: name,
  /** In the order of time; the last one that is not after a moment holds at it. */
  said: z
    .array(
      z.strictObject({
        what: z.enum(["given", "withdrawn"]),
        at: instant,
        medium: z.enum(media),
        by: z.string(),
        /** When the gateway learned it, where that is not when it was said. */
        learned: instant.exactOptional(),
      }),
    )
    .min(1),
});
export type KnownConsent = z.output<typeof consentShape>;

export const sessionShape = z.strictObject({
  id,
  device: deviceShape.shape.address,
  person: personShape.shape.reference,
  /** When it was opened, as the gateway's clocks stood. */
  opened: z.strictObject({ wall: instant, monotonic: z.number(), bootId: z.string() }),
  /** A reading whose device tells a time before this one is not its. */
  earliest: instant.exactOptional(),
  /** For so long, milliseconds. */
  lasts: z.int().positive(),
  by: z.string(),
});
export type Session = z.output<typeof sessionShape>;
