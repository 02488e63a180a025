import { describe, expect, test } from "vitest";
import { quoted, say, verbatim } from "../../src/errors/sentence.ts";

const path: string = ["/var", "lib"].join("/");
const fault: "gap" | "fork" = path === "" ? "gap" : "fork";

describe("what an error found", () => {
  test("is said in both languages, or stands as it came", () => {
    expect(say("32 octets", "32 bytes")).toEqual({ fr: "32 octets", en: "32 bytes" });
    expect(verbatim(path)).toEqual({ fr: "/var/lib", en: "/var/lib" });
    expect(verbatim(3)).toEqual({ fr: "3", en: "3" });
    expect(quoted(path)).toEqual({ fr: "« /var/lib »", en: '"/var/lib"' });
  });

  test("does not compile where prose of ours would pass for somebody else's words", () => {
    // @ts-expect-error a text of the source
    verbatim("no such file");
    // @ts-expect-error a text of the source with a number in it
    verbatim(`${path.length} bytes`);
    // @ts-expect-error a text of the source around somebody else's
    quoted(`the file ${path}`);
    // @ts-expect-error a text of the source that went by a variable
    verbatim(fault);
  });
});
