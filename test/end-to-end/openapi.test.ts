// The OpenAPI document: up to date, complete, and served.
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

describe("OpenAPI document", () => {
  it("equals the document that the schemas generate; `npm run openapi` regenerates it", () => {
    expect(committed).toBe(openapiText());
  });

  it("describes exactly the operations that Gatehouse handles", () => {
    const paths = openapiDocument().paths as Record<string, Record<string, { operationId: string }>>;
    const described = Object.values(paths).flatMap((methods) => Object.values(methods).map((each) => each.operationId));
    const handled = OPERATIONS.filter((row) => row.handledBy === "gatehouse").map((row) => row.operationId);
    expect(described.sort()).toEqual([...handled].sort());
  });

  it("resolves every reference within the document", () => {
    const { components } = JSON.parse(committed);
    const references = [...committed.matchAll(/"\$ref": "#\/components\/(\w+)\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(60);
    expect(references.length).toBe(committed.split('"$ref"').length - 1);
    for (const [, kind = "", name = ""] of references) expect(components[kind]).toHaveProperty(name);
  });

  it("contains no key", () => {
    expect(committed).not.toMatch(/eyJ[\w-]{8,}/);
  });

  it("serves the OpenAPI document without authentication", async () => {
    const response = await gatehouse.call(null, "/.well-known/gatehouse/openapi.json");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    const { components, ...served } = (await response.json()) as { components: { schemas: Record<string, object> } };
    const { components: written, ...expected } = JSON.parse(committed);
    expect(served).toEqual(expected);
    const { RoleSpec: _served, ...schemas } = components.schemas;
    const { RoleSpec: _written, ...writtenSchemas } = written.schemas;
    expect(schemas).toEqual(writtenSchemas);
  });

  it("names the permissions of the API behind the gateway in the schema of a role", async () => {
    const response = await gatehouse.call(null, "/.well-known/gatehouse/openapi.json");
    const permission = (await response.json()).components.schemas.RoleSpec.properties.permissions.items.properties;
    const enumOf = (schema: { enum: readonly string[] }) => schema.enum;
    expect(enumOf(permission.resource_type)).toEqual(expect.arrayContaining(["API_KEY", "CLUSTER", "READ_REPLICA"]));
    expect(enumOf(permission.operation_groups.items.properties.operation_group)).toContain("PAUSE");
  });
});
