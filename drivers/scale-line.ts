import {
  type ByteReader,
  Decimal,
  type DecodeContext,
  defineSerialDriver,
  lines,
  type MassUnit,
} from "../src/driver/index.ts";

/**
 * One weighing as A&D and the scales that copied it print it: header, sign and digits, unit; spaces stand anywhere.
 * `ST,+0061.55kg`, `US,+000012.3  g`. AD-4400 and CAS indicators say before the digits whether the weight is gross (GS),
 * net (NT) or the tare (TR): `ST,GS,+00061.5 kg`; CAS then sends two bytes of its own, an id and its lamps.
 */
const LINE = /^(?:ST|US),(?:(GS|NT|TR),(?:.{2},)?)?\s*([+-]?)\s*(\d+(?:\.\d+)?|\.\d+)\s*(kg|g|lb)$/is;

const units: Readonly<Record<string, MassUnit>> = { kg: "kg", g: "g", lb: "[lb_av]" };

function decode(_frame: ByteReader, _context: DecodeContext, bytes: Uint8Array) {
  const line = text(bytes);
  switch (line.slice(0, 3).toUpperCase()) {
    case "ST,":
      return stable(line);
    case "US,":
      return LINE.test(line) ? reject("unsettled", "the weight was not stable yet (US)") : malformed;
    case "OL,":
      return reject("not-a-measure", "the scale is over or under its range (OL)");
    case "QT,":
      return reject("not-a-measure", "a count of pieces (QT)");
    default:
      return malformed;
  }
}

function stable(line: string) {
  const [, net = "", sign, digits = "", unitName = ""] = LINE.exec(line) ?? [];
  const unit = units[unitName.toLowerCase()];
  const value = Decimal.parse(digits.startsWith(".") ? `0${digits}` : digits);
  if (unit === undefined || value === undefined) return malformed;
  if (net.toUpperCase() === "TR") return reject("not-a-measure", "the tare (TR)");
  if (sign === "-" || value.unscaled === 0) return reject("not-a-measure", "nobody stands on the scale (zero or less)");
  return [{ kind: "body-weight", value: { value, unit }, status: [] } as const];
}

const reject = <Reason extends "malformed" | "unsettled" | "not-a-measure">(reason: Reason, because: string) => ({
  reject: reason,
  because,
});

const malformed = reject("malformed", "expected a line such as `ST,+0000.00kg`");

/**
 * The characters of a line. A scale set to 7 bits with parity can be read with 8: the top bit is then no part of the
 * character, and the carriage return arrives as 0x8D.
 */
function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.map((byte) => byte & 0x7f)).trim();
}

export default defineSerialDriver({
  id: "scale-line",
  title: "Scales that print a line (A&D standard format, CAS)",
  source: "A&D standard data format (ST/US/OL/QT header); CAS CI-600D manual §10.1, 22 bytes",
  priority: 12,
  specialization: 528399,
  kinds: ["body-weight"],
  line: { baudRate: 2400, dataBits: 7, parity: "even", stopBits: 1 },
  framing: lines({ max: 64 }),
  decode,
  repeatsWithinMs: 2_000,
  tested: [],
});
