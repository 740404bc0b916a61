// The description of the API: as it is committed, as it is served, and as it is true.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openapiDocument, openapiText } from "../../scripts/openapi.ts";
import { OPERATIONS } from "../../src/core/routing/operations.ts";
import { type Gatehouse, startGatehouse } from "../support/gatehouse.ts";

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await startGatehouse();
});
afterAll(() => gatehouse.close());

const committed = readFileSync(new URL("../../src/admin/openapi.json", import.meta.url), "utf8");

describe("the OpenAPI document", () => {
  it("is the one that the schemas make; `npm run openapi` brings it up to date", () => {
    expect(committed).toBe(openapiText());
  });

  it("has every operation that Gatehouse answers, and no other", () => {
    const paths = openapiDocument().paths as Record<string, Record<string, { operationId: string }>>;
    const described = Object.values(paths).flatMap((methods) => Object.values(methods).map((each) => each.operationId));
    const answered = OPERATIONS.filter((row) => row.handledBy === "gatehouse").map((row) => row.operationId);
    expect(described.sort()).toEqual([...answered].sort());
  });

  it("refers to nothing that it does not have", () => {
    const { components } = JSON.parse(committed);
    const references = [...committed.matchAll(/"\$ref": "#\/components\/(\w+)\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(60);
    expect(references.length).toBe(committed.split('"$ref"').length - 1);
    for (const [, kind = "", name = ""] of references) expect(components[kind]).toHaveProperty(name);
  });

  it("has no key in it", () => {
    expect(committed).not.toMatch(/eyJ[\w-]{8,}/);
  });

  it("is served to anybody, without a key", async () => {
    const answer = await gatehouse.call(null, "/.well-known/gatehouse/openapi.json");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await answer.json()).toEqual(JSON.parse(committed));
  });
});
