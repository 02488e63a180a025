import { describe, expect, it } from "vitest";
import { foundBy, judge } from "../../../src/delivery/fhir/answer.ts";

const outcome = (diagnostics: string) => ({
  resourceType: "OperationOutcome",
  issue: [{ severity: "error", code: "processing", diagnostics, expression: ["Observation.value"] }],
});
const response = (...entry: readonly object[]) => ({
  resourceType: "Bundle",
  type: "transaction-response",
  entry: entry.map((one) => ({ response: one })),
});
const created = { status: "201 Created", location: "Observation/1/_history/1" };
const known = { status: "200" };

const answered = (status: number, body: unknown, type = "application/fhir+json; charset=utf-8") => ({
  status,
  headers: { "content-type": type },
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
});
const judged = (...parameters: Parameters<typeof answered>) => judge(answered(...parameters), 2);

describe("a transaction-response", () => {
  it.each([
    ["created and known", [created, known]],
    ["with no text behind the status", [{ status: "201" }, known]],
    ["with a warning beside a success", [{ ...created, outcome: outcome("display differs") }, known]],
  ])("is a receipt where every entry was taken: %s", (_what, entries) => {
    expect(judged(200, response(...entries))).toEqual({ type: "accepted" });
  });

  it.each([
    ["refused", "422 Unprocessable Entity", "refused"],
    ["in conflict", "412", "conflict"],
    ["failed", "500 Internal Server Error", "doubtful"],
    ["not allowed", "403 Forbidden", "doubtful"],
    ["to come later", "429", "unable"],
    ["without a status", "", "unable"],
  ])("is none where one entry was %s, wherever that stands", (_what, status, type) => {
    const other = { status, outcome: outcome("no such unit") };
    expect(judged(200, response(created, other)).type).toBe(type);
    expect(judged(200, response(other, known)).type).toBe(type);
  });

  it("gives the refused entry's own words", () => {
    const because = { code: "422", words: "error · processing · no such unit · Observation.value" };
    const entries = [created, { status: "422", outcome: outcome("no such unit") }];
    expect(judged(200, response(...entries))).toEqual({ type: "refused", because });
    const speechless = judged(200, response(created, { status: "422 Unprocessable" }));
    expect(speechless).toMatchObject({ because: { words: "422 Unprocessable" } });
  });

  it.each([
    ["an entry too few", response(created)],
    ["an entry too many", response(created, known, known)],
    ["no entries", { resourceType: "Bundle", type: "transaction-response" }],
    ["an answer to a batch", { ...response(created, known), type: "batch-response" }],
    ["the bundle itself", { ...response(created, known), type: "transaction" }],
    ["a resource", { resourceType: "Observation", id: "1" }],
    ["an outcome that all went well", { resourceType: "OperationOutcome", issue: [{ severity: "information" }] }],
    ["half of it", JSON.stringify(response(created, known)).slice(0, -9)],
    ["nothing", ""],
  ])("is not what has %s: nothing is taken to be there", (_what, body) => {
    expect(judged(200, body)).toMatchObject({ type: "unable", reason: { code: "DELIVERY_NOT_A_RECEIPT" } });
  });

  it("is not what calls itself HTML, whatever it holds", () => {
    expect(judged(200, response(created, known), "text/html")).toMatchObject({ type: "unable" });
  });
});

describe("a search", () => {
  const searchset = { resourceType: "Bundle", type: "searchset" };
  it.each([
    ["one", answered(200, { ...searchset, total: 1, entry: [{}] }), 1],
    ["none", answered(200, { ...searchset, total: 0 }), 0],
    ["no answer to it", answered(403, outcome("not allowed")), undefined],
    ["a page", answered(200, "<html>", "text/html"), undefined],
    ["another bundle", answered(200, { ...searchset, type: "collection" }), undefined],
  ])("finds %s", (_what, answer, found) => {
    expect(foundBy(answer)).toBe(found);
  });
});
