import { describe, expect, it } from "vitest";
import { retryAfterMs, troubleOfStatus } from "../../../src/delivery/http/status.ts";
import { paceOf } from "../../../src/delivery/trouble.ts";

describe("what an HTTP status means", () => {
  it.each([
    [301, "DELIVERY_WRONG_ADDRESS", "credentials"],
    [400, "DELIVERY_REFUSED", "network"],
    [401, "DELIVERY_NOT_AUTHORISED", "credentials"],
    [403, "DELIVERY_NOT_AUTHORISED", "credentials"],
    [404, "DELIVERY_WRONG_ADDRESS", "credentials"],
    [413, "DELIVERY_TOO_BIG", "network"],
    [422, "DELIVERY_REFUSED", "network"],
    [429, "DELIVERY_SLOW_DOWN", "network"],
    [500, "DELIVERY_SERVER_ERROR", "network"],
    [503, "DELIVERY_SLOW_DOWN", "network"],
  ] as const)("%i: %s, at the pace of a %s", (status, code, pace) => {
    const error = troubleOfStatus(status);
    expect([error.code, paceOf(error)]).toEqual([code, pace]);
  });

  it("reads Retry-After as seconds, or against the server's own date", () => {
    const wait = (said: string, date = "Sat, 21 Nov 2026 08:00:00 GMT") =>
      retryAfterMs({ headers: { "retry-after": said, date } });
    expect(wait("120")).toBe(120_000);
    expect(wait("Sat, 21 Nov 2026 08:00:30 GMT")).toBe(30_000);
    expect(wait("Sat, 21 Nov 2026 07:00:00 GMT")).toBeUndefined();
    expect(wait("soon")).toBeUndefined();
    expect(retryAfterMs({ headers: {} })).toBeUndefined();
  });
});
