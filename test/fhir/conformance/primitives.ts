/** What the primitive types of FHIR R4 look like in JSON (https://hl7.org/fhir/R4/datatypes.html). */
import type { Json } from "./json.ts";

const YEAR = "([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)";
const DAY = "(0[1-9]|[1-2][0-9]|3[0-1])";
const CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?(Z|(\\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))";

const texts: Readonly<Record<string, RegExp>> = {
  string: /^[\s\S]+$/,
  markdown: /^[\s\S]+$/,
  uri: /^\S+$/,
  url: /^\S+$/,
  canonical: /^\S+$/,
  oid: /^urn:oid:[0-2](\.(0|[1-9][0-9]*))+$/,
  uuid: /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  id: /^[A-Za-z0-9\-.]{1,64}$/,
  code: /^[^\s]+(\s[^\s]+)*$/,
  date: new RegExp(`^${YEAR}(-(0[1-9]|1[0-2])(-${DAY})?)?$`),
  dateTime: new RegExp(`^${YEAR}(-(0[1-9]|1[0-2])(-${DAY}(T${CLOCK})?)?)?$`),
  instant: new RegExp(`^${YEAR}-(0[1-9]|1[0-2])-${DAY}T${CLOCK}$`),
  time: /^([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?$/,
  base64Binary: /^(\s*([0-9a-zA-Z+/=]){4}\s*)+$/,
  xhtml: /^<div[\s\S]*<\/div>\s*$/,
};

const integers: Readonly<Record<string, number>> = { integer: -(2 ** 31), unsignedInt: 0, positiveInt: 1 };

/** @returns undefined where the type is none of the primitive ones. */
export function isPrimitive(type: string, value: Json): boolean | undefined {
  const plain = type.replace("http://hl7.org/fhirpath/System.", "").toLowerCase();
  if (type.startsWith("http://hl7.org/fhirpath/")) return typeof value === (plain === "string" ? "string" : "number");
  const text = texts[type];
  if (text !== undefined) return typeof value === "string" && text.test(value);
  if (type === "boolean") return typeof value === "boolean";
  if (type === "decimal") return typeof value === "number";
  const least = integers[type];
  if (least === undefined) return undefined;
  return typeof value === "number" && Number.isInteger(value) && value >= least && value < 2 ** 31;
}
