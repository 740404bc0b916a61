import { describe, expect, it } from "vitest";
import { openPath, readOperations } from "../../../scripts/conformance/cases.ts";
import { decode } from "../../../scripts/conformance/client.ts";
import { flagsOf, variantsOf, wordsOf } from "../../../scripts/conformance/command-line.ts";
import { passageFaults } from "../../../scripts/conformance/fixture-upstream.ts";
import { jwtFaults } from "../../../scripts/conformance/jwt.ts";
import { apiError, modelsOf } from "../../../scripts/conformance/models.ts";
import { readFaults, shapeFaults } from "../../../scripts/conformance/shape.ts";

const NOW = 1_750_000_000;
const resourceTypes = new Set(["CLUSTER"]);
const models = modelsOf({ resourceTypes, operationGroups: new Set(["READ"]), states: new Set(["ACTIVE"]) });

const permission = { resource_type: "CLUSTER", operation_groups: [{ operation_group: "READ" }] };
const roleInfo = { id: "r-1", display_name: "Admin", is_user_defined: false, users: null, api_keys: null };
const role = { spec: { name: "Admin", permissions: [permission] }, info: { ...roleInfo, effective_permissions: [] } };
const spec = { name: "apikey-1", expire_after_hours: 720, allow_list_info: ["l-1"] };
const stamps = { created_on: "2025-01-13T13:55:14.024Z", updated_on: "2025-01-13T13:55:14.024Z" };
const info = {
  id: "k-1",
  issuer: "user@yb.com",
  expiry_time: "2099-12-31T00:00Z",
  status: "ACTIVE",
  last_used_time: "Not yet used",
  metadata: stamps,
  role,
};
const without = (value: object, name: string) =>
  Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
const keyList = (change: { spec?: object; info?: object } = {}) => ({
  data: [{ spec: change.spec ?? spec, info: change.info ?? info }],
});

function faultsOf(operationId: string, body: unknown, contentType: string | null = "application/json") {
  const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
  return decode({ status: 200, contentType, bytes }, models[operationId] ?? apiError).faults;
}

describe("the client's decoder", () => {
  it.each(["application/json", "application/json; charset=utf-8", "text/json", "application/vnd.yb+json"])(
    "reads a list of keys sent as %s",
    (contentType) => expect(faultsOf("listApiKeys", keyList(), contentType)).toEqual([]),
  );

  it.each([
    ["an unknown status", keyList({ info: { ...info, status: "SUSPENDED" } }), "is not a valid ApiKeyStatusEnum"],
    ["a null array", keyList({ spec: { ...spec, allow_list_info: null } }), "allow_list_info: null, wanted array"],
    ["null for the whole list", { data: null }, "data: null, wanted array"],
    ["a missing member", keyList({ info: without(info, "expiry_time") }), "expiry_time: missing"],
    ["an empty required text", keyList({ info: { ...info, issuer: "" } }), "issuer: string, wanted non-empty string"],
    ["a role that is no object", keyList({ info: { ...info, role: "Admin" } }), "info.role: string, wanted object"],
    ["a text for a number", keyList({ spec: { ...spec, expire_after_hours: "720" } }), "wanted int32"],
    ["more hours than an int32 holds", keyList({ spec: { ...spec, expire_after_hours: 2 ** 31 } }), "wanted int32"],
    ["a body that is not JSON", "{", "the body is not JSON"],
  ])("refuses %s", (_, body, fault) => {
    expect(faultsOf("listApiKeys", body)).toEqual([expect.stringContaining(fault)]);
  });

  it.each(["text/plain", "application/octet-stream", "application/problem+json", null])(
    "refuses a body sent as %s",
    (contentType) => expect(faultsOf("listApiKeys", keyList(), contentType)[0]).toMatch(/^undefined response type/),
  );

  it.each([
    ["resource type", { ...permission, resource_type: "PLANET" }, '"PLANET" is not a valid ResourceTypeEnum'],
    ["operation group", { ...permission, operation_groups: [{ operation_group: "PAINT" }] }, "OperationGroupEnum"],
    ["tag", { ...permission, operation_groups: [{ operation_group: "READ", tags: ["ODD"] }] }, "OperationGroupTagEnum"],
  ])("refuses a whole permission list for one unknown %s", (_, planted, fault) => {
    expect(faultsOf("listResourcePermissions", { data: [{ info: permission }, { info: planted }] })).toEqual([
      expect.stringContaining(fault),
    ]);
  });

  it("needs the secret in the answer that creates a key", () => {
    expect(faultsOf("createApiKey", { data: keyList().data[0] })).toEqual(["jwt: missing, wanted non-empty string"]);
  });

  it("takes an empty body for an answer, whatever its type", () => {
    expect(faultsOf("listApiKeys", "", null)).toEqual([]);
  });
});

describe("what the CLI reads", () => {
  it.each([
    ["data[].info.status", { data: [{ info: { status: "ACTIVE" } }, { info: {} }] }, "data[1].info.status: missing"],
    ["data[0].info.id", { data: [] }, "data[0]: missing"],
    ["data.spec.node_info", { data: { spec: { node_info: null } } }, "data.spec.node_info: null"],
  ])("misses %s", (path, value, fault) => {
    expect(readFaults(value, path)).toEqual([expect.stringContaining(fault)]);
  });

  it("holds every member of a fixture against the answer, and allows null only where the fixture has it", () => {
    const fixture = { data: [{ id: "a", by: null, tags: ["x"] }] };
    expect(shapeFaults({ data: [{ id: "b", by: "me", tags: [], more: 1 }] }, fixture)).toEqual([]);
    expect(shapeFaults({ data: [{ id: null, tags: null }] }, fixture)).toEqual([
      "data[0].id: null, the fixture has string",
      "data[0].by: missing, the fixture has it",
      "data[0].tags: null, the fixture has array",
    ]);
  });

  const jwt = (header: object, claims: object) =>
    `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.c2ln`;
  it.each([
    ["a key that is no JWT", "opaque", "segments"],
    ["an unregistered alg", jwt({ alg: "XS256" }, { iat: NOW, exp: NOW }), "alg"],
    ["an exp that is a text", jwt({ alg: "HS256" }, { iat: NOW, exp: "2099" }), "exp is not a number"],
    ["a missing iat", jwt({ alg: "HS256" }, { exp: NOW }), "iat is not a number"],
    ["an exp that has passed", jwt({ alg: "HS256" }, { iat: NOW, exp: NOW - 1 }), "exp has passed"],
    ["an iat that lies ahead", jwt({ alg: "HS256" }, { iat: NOW + 1, exp: NOW + 1 }), "iat lies ahead"],
  ])("trips over %s", (_, key, fault) => expect(jwtFaults(key, NOW)).toEqual([expect.stringContaining(fault)]));

  it("parses a key as ybm auth does", () => {
    expect(jwtFaults(jwt({ alg: "EdDSA" }, { iat: NOW, exp: NOW }), NOW)).toEqual([]);
  });
});

describe("the way through the door", () => {
  const sent = { method: "GET", target: "/a?b=c", body: "", key: "eyJ.key" };
  const seen = { method: "GET", target: "/a?b=c", body: "", headers: { "gatehouse-identity": "i" } };
  it.each([
    ["nothing that arrived", [], "received nothing"],
    ["two requests for one", [seen, seen], "2 requests"],
    ["another path", [{ ...seen, target: "/a" }], "received GET /a"],
    ["the client's credential", [{ ...seen, headers: { ...seen.headers, authorization: "Basic x" } }], "Authorization"],
    ["the key in any header", [{ ...seen, headers: { ...seen.headers, "x-key": "eyJ.key" } }], "in x-key"],
    ["no identity", [{ ...seen, headers: {} }], "no Gatehouse-Identity"],
  ])("faults %s", (_, received, fault) => {
    expect(passageFaults(sent, received)).toEqual([expect.stringContaining(fault)]);
  });
});

describe("the cases file", () => {
  const operations = readOperations(
    "method\tpath\toperationId\nGET\t/api/public/v1/accounts/{accountId}/roles ?\tlistRbacRoles",
  );
  it.each([
    ["A/api-keys", "/api/public/v1/accounts/{accountId}/api-keys"],
    ["P/allow-lists", "/api/public/v1/accounts/{accountId}/projects/{projectId}/allow-lists"],
    ["roles/{roleId}", "/api/public/v1/accounts/{accountId}/roles/{roleId}"],
  ])("opens %s", (short, full) => expect(openPath(short, operations)).toBe(full));

  it("plays a command once for each value, and without what is optional", () => {
    const command = "role list [--type BUILT-IN|CUSTOM] [--role-name R]";
    expect(wordsOf(command)).toBe("role list");
    const query = { role_types: "ALL | SYSTEM", display_name: "R" };
    const played = variantsOf(query, flagsOf(command)).map((variant) => Object.values(variant).join("+"));
    expect(played).toEqual(["ALL", "ALL+R", "SYSTEM", "SYSTEM+R"]);
  });
});
