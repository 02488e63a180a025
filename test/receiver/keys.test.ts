import { expect, test } from "vitest";
import { gatewayKeys } from "../../src/receiver/keys.ts";
import { testKey } from "../fixtures/seal.ts";

test("a gateway that changes its key signs with the old one and the new one, and each for itself only", () => {
  const keys = gatewayKeys({
    "ehpad-a": [testKey(7).publicKey, testKey(8).publicKey],
    "ehpad-b": testKey(9).publicKey,
  });
  const gateways = [7, 8, 9, 10].map((byte) => keys(testKey(byte).kid)?.gateway);
  expect(gateways).toEqual(["ehpad-a", "ehpad-a", "ehpad-b", undefined]);
});
