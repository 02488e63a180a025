import { expect, test } from "vitest";
import { readNamedText } from "../../src/config/named-file.ts";

test("a certificate that is missing is the configuration's matter, and is named", async () => {
  await expect(readNamedText("/nowhere/ca.pem")).rejects.toMatchObject({
    code: "CONFIG_FILE_UNREADABLE",
    exit: 66,
    detail: { where: { fr: "/nowhere/ca.pem" }, found: { fr: "rien à cet endroit (ENOENT)" } },
  });
});
