import { describe, expect, test } from "vitest";
import { drivers } from "../../drivers/all.ts";
import { decoderOf, formatChannel } from "../../src/driver/decode.ts";
import { DriverRegistry } from "../../src/driver/registry.ts";
import { isReject } from "../../src/driver/reject.ts";
import { parseJson, toJson } from "../../src/measure/json.ts";
import { bytesOf, vectorFiles } from "./vectors.ts";

const registry = new DriverRegistry(drivers);

describe.each([...vectorFiles(parseJson)])("%s", (id, { driver, vectors }) => {
  test("its vectors are under its name", () => expect(driver).toBe(id));

  test.each(vectors.map((vector) => [`${formatChannel(vector.channel)} ${vector.hex || "(empty)"}`, vector] as const))(
    "%s",
    (_name, vector) => {
      const outcome = decoderOf(registry.get(id), vector.channel)(bytesOf(vector.hex), { device: {} });
      const found = isReject(outcome) ? { reject: outcome.reject } : outcome;
      expect(toJson(found, 2)).toBe(toJson(vector.expect, 2)); // as text: 127.0 is not 127
    },
  );
});
