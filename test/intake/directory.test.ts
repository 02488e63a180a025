import { afterEach, beforeEach, expect, test } from "vitest";
import type { GatewayIdentity } from "../../src/fhir/port.ts";
import { sayWhose } from "../../src/intake/directory.ts";
import { RecordKind } from "../../src/seal/record.ts";
import { House } from "../fixtures/registry.ts";

const identity: GatewayIdentity = {
  id: "ehpad-test",
  structure: { finess: "750000001", legalFiness: "2A0000002", name: "EHPAD Test" },
  systemId: "0123456789ABCDEF",
  timeZone: "Europe/Paris",
  version: "0.1.0",
};
let house: House;
beforeEach(async () => {
  house = await House.open();
});
afterEach(() => house[Symbol.asyncDispose]());

test("the chain says which box it is and which structure answers for it, both its FINESS included", async () => {
  await sayWhose(identity, house.journal);
  expect(await house.bodies(RecordKind.event)).toEqual([
    {
      type: "gateway-identity",
      gateway: "ehpad-test",
      structure: { finess: "750000001", legalFiness: "2A0000002", name: "EHPAD Test" },
      systemId: "0123456789ABCDEF",
      timeZone: "Europe/Paris",
      version: "0.1.0",
    },
  ]);
});

test("it is said once, over restarts too, and again where it changed, also back to what it was", async () => {
  const moved = { ...identity, structure: { finess: "750000003", name: "EHPAD voisin" } };
  for (const said of [identity, identity, moved, moved, identity]) {
    await sayWhose(said, house.journal);
    await house.reopen();
  }
  const structures = (await house.bodies(RecordKind.event)).map((body) => body["structure"]);
  const [before, after] = [identity.structure, moved.structure];
  expect(structures).toEqual([before, after, before]);
});
