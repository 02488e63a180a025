import { describe, expect, it } from "vitest";
import { coincidentTimeStamp } from "../../src/fhir/coincident.ts";
import { phgDevice } from "../../src/fhir/gateway.ts";
import { cuff, gateway, person, provenance } from "./samples.ts";

describe("the gateway's own Device", () => {
  it("is created where there is none and brought up to date where there is one", () => {
    const [entry] = phgDevice({ ...gateway, systemId: "00A0C9FFFE123456" }).entry;
    expect(entry?.request).toEqual({
      method: "PUT",
      url: "Device?identifier=urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680|00-A0-C9-FF-FE-12-34-56",
    });
  });

  it("without a System ID is looked up by a UUID of its own, never by the zero id", () => {
    const [entry] = phgDevice(gateway).entry;
    expect(entry?.request.url).toMatch(/^Device\?identifier=urn:oid:2\.25\.[0-9]+\.1\|[0-9a-f-]{36}$/);
    expect(entry?.resource).toMatchObject({ identifier: [{ value: "00-00-00-00-00-00-00-00" }, {}] });
  });

  it("leaves its id to the server, which would refuse another than its own", () => {
    expect(phgDevice(gateway).entry[0]?.resource).not.toHaveProperty("id");
  });

  it("changes with the software's version, and keeps its name", () => {
    const [before, after] = [gateway, { ...gateway, version: "0.2.0" }].map((box) => phgDevice(box).entry[0]);
    expect(after?.resource).not.toEqual(before?.resource);
    expect(after?.request).toEqual(before?.request);
  });
});

describe("a coincident time stamp", () => {
  const at = provenance.receivedAt;

  it("sets the device's clock beside the gateway's", () => {
    const bundle = coincidentTimeStamp({ device: cuff, shown: { local: "2026-03-10T08:12:00" }, at }, person, gateway);
    expect(bundle?.entry[0]?.resource).toMatchObject({
      effectiveDateTime: "2026-03-10T08:15:30+01:00",
      valueDateTime: "2026-03-10T08:12:00+01:00",
      code: { coding: [{ code: "67975" }] },
    });
  });

  it("is none where the device's clock shows no time", () => {
    expect(
      coincidentTimeStamp({ device: cuff, shown: { local: "2026-02-30T08:12:00" }, at }, person, gateway),
    ).toBeUndefined();
  });
});
