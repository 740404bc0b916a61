// A short run of `npm run fuzz`; and that it finds a response that the document does not describe.
import { expect, it } from "vitest";
import { openapiDocument } from "../../scripts/openapi.ts";
import { type Document, operationsOf } from "./document.ts";
import { judgeBy } from "./judge.ts";
import { fuzz } from "./play.ts";
import { NO_TAG } from "./requests.ts";

it("answers random requests of every operation only as the OpenAPI document says", { timeout: 180_000 }, async () => {
  const { findings, statuses, neverDone, operations } = await fuzz(1, 500);
  expect(findings).toEqual([]);
  expect(operations).toBeGreaterThan(50);
  // Most operations were carried out as well, not only denied.
  expect(neverDone.length).toBeLessThan(operations / 2);
  expect(Object.keys(statuses)).toEqual(expect.arrayContaining(["200", "204", "400", "401", "404", "409", "412"]));
});

it("finds a response that the document does not describe", () => {
  const document = openapiDocument() as unknown as Document;
  const judge = judgeBy(document);
  const operation = operationsOf(document).find(({ operationId }) => operationId === "editApiKey");
  if (operation === undefined) throw new Error("no such operation");
  const findingsOf = (status: number, body: unknown, sent: unknown = {}, headers: Record<string, string> = {}) =>
    judge(
      {
        ...{ operation, caller: "admin", path: "/", body: JSON.stringify(sent) },
        headers: { "content-type": "application/json", ...headers },
      },
      {
        status,
        headers: {
          "content-type": "application/json",
          ...(status === 200 && { "cache-control": "no-store", etag: '"1"' }),
        },
        text: JSON.stringify(body),
      },
    );
  const error = { status: 409, detail: "D", code: "c", request_id: "r" };
  expect(findingsOf(409, { error })).toEqual([]);
  expect(findingsOf(409, { error: { ...error, status: 400 } })).toEqual(["the body says 400"]);
  expect(findingsOf(409, { error: { ...error, more: 1 } })[0]).toContain("additional properties");
  expect(findingsOf(422, { error: { ...error, status: 422 } })).toEqual(["422 is not documented"]);
  expect(findingsOf(500, { error: { ...error, status: 500 } })).toEqual(["a status of 500"]);
  expect(findingsOf(200, { data: {} })[0]).toContain("not of its schema");
  expect(findingsOf(200, {}, { odd: 1 }).join()).toContain("accepted a body that the document does not allow");
  expect(findingsOf(200, {}, {}, { "if-match": NO_TAG })).toContain("If-Match is ignored");
});
