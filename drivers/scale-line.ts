import {
  type ByteReader,
  Decimal,
  type DecodeContext,
  defineSerialDriver,
  lines,
  type MassUnit,
} from "../src/driver/index.ts";

/**
 * One weighing as A&D and the scales that copied it print it: header, an optional `GS`/`NT` (CAS), sign and digits, unit.
 * `ST,+0061.55kg`, `US,+000012.3  g`, `ST,GS,+00061.5 kg`. Spaces stand anywhere.
 */
const LINE = /^(ST|US|OL|QT),\s*(?:(GS|NT|TR),)?\s*([+-]?)\s*([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*(kg|g|lb)$/;
const OVERLOAD = /^OL,/;

const units: Readonly<Record<string, MassUnit>> = { kg: "kg", g: "g", lb: "[lb_av]" };

function decode(_frame: ByteReader, _context: DecodeContext, bytes: Uint8Array) {
  const line = text(bytes);
  if (line === undefined) return reject("malformed", "a byte that is no printable ASCII");
  if (OVERLOAD.test(line)) return reject("not-a-measure", "the scale is over its range (OL)");
  const [, header, net, sign, digits = "", unitName = ""] = LINE.exec(line) ?? [];
  const unit = units[unitName];
  const value = Decimal.parse(digits.startsWith(".") ? `0${digits}` : digits);
  if (header === undefined || unit === undefined || value === undefined) {
    return reject("malformed", "no `ST,+0061.55kg`");
  }
  if (header === "US") return reject("unsettled", "the weight was not stable yet (US)");
  if (header === "QT") return reject("not-a-measure", "a count of pieces (QT)");
  if (net === "TR") return reject("not-a-measure", "the tare (TR)");
  if (sign === "-" || value.unscaled === 0) return reject("not-a-measure", "nobody stands on the scale (zero or less)");
  return [{ kind: "body-weight", value: { value, unit }, status: [] } as const];
}

const reject = <Reason extends "malformed" | "unsettled" | "not-a-measure">(reason: Reason, because: string) => ({
  reject: reason,
  because,
});

/** Scales that send 7 bits with parity may be read with 8: the top bit is no part of the character. */
function text(bytes: Uint8Array): string | undefined {
  const characters = bytes.map((byte) => byte & 0x7f);
  return characters.every((byte) => byte >= 0x20 && byte < 0x7f)
    ? String.fromCharCode(...characters).trim()
    : undefined;
}

export default defineSerialDriver({
  id: "scale-line",
  title: "Scales that print a line (A&D standard format, CAS)",
  source: "A&D standard data format (ST/US/OL header), as printed in the A&D HV/FG and AD-4407 manuals",
  priority: 12,
  specialization: 528399,
  kinds: ["body-weight"],
  line: { baudRate: 2400, dataBits: 7, parity: "even", stopBits: 1 },
  framing: lines({ max: 64 }),
  decode,
  repeatsWithinMs: 2_000,
  tested: [],
});
