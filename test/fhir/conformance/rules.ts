/** What no profile says: how a bundle must hang together, and what Mon espace santé refuses (facts §3.3). */
import { isObject, type Json, listOf, objectOf, textOf, textsOf, valuesAt } from "./json.ts";

const UUID_URN = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ZERO_ID = "00-00-00-00-00-00-00-00";

const entriesOf = (bundle: Json) => listOf(objectOf(bundle)["entry"]).map(objectOf);
const resourceOf = (entry: Json) => objectOf(objectOf(entry)["resource"]);
const ofType = (bundle: Json, type: string) =>
  entriesOf(bundle).filter((entry) => resourceOf(entry)["resourceType"] === type);

/** @returns what is wrong with the bundle of one measure, in words. */
export function linkFaults(bundle: Json): readonly string[] {
  const faults: string[] = [];
  const observations = ofType(bundle, "Observation");
  const devices = ofType(bundle, "Device");
  if (observations.length !== 1) faults.push("not exactly one Observation");
  if (devices.length !== 1) faults.push("not exactly one Device");
  for (const [index, entry] of entriesOf(bundle).entries()) {
    const { fullUrl } = entry;
    const resource = resourceOf(entry);
    if (typeof fullUrl !== "string" || !UUID_URN.test(fullUrl)) faults.push(`entry ${index} has no UUID as fullUrl`);
    const { method, url, ifNoneExist: condition } = objectOf(entry["request"]);
    const isUpdate = method === "PUT";
    if (isUpdate && resource["id"] !== undefined)
      faults.push(`entry ${index} updates under an id that may be no one's`);
    if (!isUpdate && fullUrl !== `urn:uuid:${textOf(resource["id"])}`) {
      faults.push(`entry ${index}: id and fullUrl differ`);
    }
    if (typeof fullUrl === "string" && valuesAt(resource, ["identifier", "value"]).includes(fullUrl)) {
      faults.push(`entry ${index} is called what its identifier is: a server may overwrite the identifier`);
    }
    if (textsOf(objectOf(resource["meta"])["profile"]).length === 0) faults.push(`entry ${index} claims no profile`);
    const search = isUpdate ? textOf(url)?.replace(/^[A-Za-z]+\?/, "") : condition;
    if (search !== undefined && !namesItself(search, resource)) {
      faults.push(`entry ${index} looks for another resource than its own`);
    }
  }
  for (const entry of devices) {
    const condition = textOf(objectOf(entry["request"])["ifNoneExist"]);
    if (condition === undefined) faults.push("the Device would be created again and again");
    if (condition?.includes(ZERO_ID)) faults.push("the Device is looked up by the id of no device");
  }
  return faults;
}

function namesItself(condition: Json, resource: Json): boolean {
  return valuesAt(resource, ["identifier"]).some((item) => {
    const { system, value } = objectOf(item);
    return condition === `identifier=${system}|${value}`;
  });
}

/** @returns what the server of Mon espace santé would refuse, in words. */
export function mesFaults(bundle: Json): readonly string[] {
  const faults: string[] = [];
  const [observation] = ofType(bundle, "Observation").map(resourceOf);
  const [device] = ofType(bundle, "Device");
  if (observation === undefined || device === undefined) return ["Observation or Device is missing"];
  const condition = textOf(objectOf(device["request"])["ifNoneExist"]) ?? "";
  if (!/^identifier=urn:oid:[0-9]+(?:\.[0-9]+)+\|[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+$/.test(condition)) {
    faults.push("Device request must have a valid IfNoneExist");
  }
  if (objectOf(observation["device"])["reference"] !== `Device/${resourceOf(device)["id"]}`) {
    faults.push("Observation and device not linked by id");
  }
  for (const resource of [observation, resourceOf(device)]) {
    if (textsOf(objectOf(resource["meta"])["profile"]).length === 0) faults.push("must provide meta.profile");
  }
  if (valuesAt(observation, ["subject", "identifier", "value"]).length === 0) {
    faults.push("Observation.subject.identifier is mandatory");
  }
  const holders = observation["component"] === undefined ? [observation] : listOf(observation["component"]);
  if (!holders.every((holder) => isObject(objectOf(holder)["valueQuantity"])))
    faults.push("value quantity not provided");
  const codes = valuesAt(observation, ["code", "coding", "code"]);
  if (codes.includes("39156-5")) faults.push("Bmi observation cannot be created");
  if (
    entriesOf(bundle).some(
      (entry) => !["Observation", "Device", "DiagnosticReport"].includes(String(resourceOf(entry)["resourceType"])),
    )
  ) {
    faults.push("Resource of this type is not acceptable");
  }
  const has = (extension: string) =>
    valuesAt(observation, ["extension", "url"]).some((url) => typeof url === "string" && url.endsWith(extension));
  if (codes.includes("2345-7") && !has("mesures-moment-of-measurement")) faults.push("extension.moment is mandatory");
  if (codes.includes("99504-3") && !has("mesures-number-of-days")) faults.push("extension.numberOfDays is mandatory");
  return faults;
}
