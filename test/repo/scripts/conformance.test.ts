import { describe, expect, it } from "vitest";
import { expandPath, readOperations } from "../../../scripts/conformance/cases.ts";
import { decode, readsOf, shapeOf } from "../../../scripts/conformance/client.ts";
import { flagsOf, variantsOf, wordsOf } from "../../../scripts/conformance/command-line.ts";
import { forwardingProblems } from "../../../scripts/conformance/forwarding.ts";
import { apiError, modelsOf } from "../../../scripts/conformance/models.ts";
import { jwtProblems } from "../../../scripts/conformance/responses.ts";

const NOW = 1_750_000_000;
const models = modelsOf({ resourceTypes: ["CLUSTER"], operationGroups: ["READ"] });

const group = { operation_group: "READ", operation_group_description: "Read" };
const permission = { resource_type: "CLUSTER", resource_name: "Cluster", operation_groups: [group] };
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

function problemsIn(body: unknown, schema: Parameters<typeof decode>[1][number], contentType: string | null) {
  const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
  return decode({ status: 200, contentType, bytes }, [schema]).problems;
}
const problemsOf = (operationId: string, body: unknown, contentType: string | null = "application/json") =>
  problemsIn(body, models[operationId] ?? apiError, contentType);

describe("decode", () => {
  it.each(["application/json", "application/json; charset=utf-8", "text/json", "application/vnd.yb+json"])(
    "decodes a list of keys sent as %s",
    (contentType) => expect(problemsOf("listApiKeys", keyList(), contentType)).toEqual([]),
  );

  it.each([
    ["an unknown status", keyList({ info: { ...info, status: "SUSPENDED" } }), "status: Invalid option"],
    [
      "a null array",
      keyList({ spec: { ...spec, allow_list_info: null } }),
      "allow_list_info: Invalid input: expected array",
    ],
    ["null for the whole list", { data: null }, "data: Invalid input: expected array"],
    [
      "a missing member",
      keyList({ info: without(info, "expiry_time") }),
      "expiry_time: Invalid input: expected string",
    ],
    ["a time that is not ISO 8601", keyList({ info: { ...info, expiry_time: "1 Jan 2030" } }), "not a time"],
    ["an empty required text", keyList({ info: { ...info, issuer: "" } }), "issuer: Too small"],
    [
      "a role that is no object",
      keyList({ info: { ...info, role: "Admin" } }),
      "info.role: Invalid input: expected object",
    ],
    ["a text for a number", keyList({ spec: { ...spec, expire_after_hours: "720" } }), "expected number"],
    ["more hours than an int32 holds", keyList({ spec: { ...spec, expire_after_hours: 2 ** 31 } }), "Too big"],
    ["a body that is not JSON", "{", "the body is not JSON"],
  ])("rejects a response with %s", (_, body, problem) => {
    expect(problemsOf("listApiKeys", body)).toEqual([expect.stringContaining(problem)]);
  });

  it.each(["text/plain", "application/octet-stream", "application/problem+json", null])(
    "rejects a body sent as %s",
    (contentType) => expect(problemsOf("listApiKeys", keyList(), contentType)[0]).toMatch(/^undefined response type/),
  );

  it.each([
    ["resource type", { ...permission, resource_type: "PLANET" }, "resource_type: Invalid input"],
    [
      "operation group",
      { ...permission, operation_groups: [{ ...group, operation_group: "PAINT" }] },
      "operation_group: Invalid input",
    ],
    ["tag", { ...permission, operation_groups: [{ ...group, tags: ["ODD"] }] }, "tags[0]: Invalid input"],
  ])("rejects a whole permission list for one unknown %s", (_, unknown, problem) => {
    expect(problemsOf("listResourcePermissions", { data: [{ info: permission }, { info: unknown }] })).toEqual([
      expect.stringContaining(problem),
    ]);
  });

  it("requires the secret in the response that creates a key", () => {
    expect(problemsOf("createApiKey", { data: keyList().data[0] })).toEqual([expect.stringContaining("jwt: ")]);
  });

  it("accepts an empty body of any type", () => {
    expect(problemsOf("listApiKeys", "", null)).toEqual([]);
  });
});

describe("readsOf, shapeOf, jwtProblems", () => {
  it.each([
    ["data[].info.status", { data: [{ info: { status: "ACTIVE" } }, { info: {} }] }, "data[1].info.status: missing"],
    ["data[0].info.id", { data: [] }, "data[0]: Invalid input: expected object"],
    ["data.spec.node_info", { data: { spec: { node_info: null } } }, "data.spec.node_info: missing or null"],
  ])("reports %s as missing or null", (path, value, problem) => {
    expect(problemsIn(value, readsOf(path), "application/json")).toEqual([expect.stringContaining(problem)]);
  });

  it("compares every member of a fixture with the response, and allows null only where the fixture has it", () => {
    const shape = shapeOf({ data: [{ id: "a", by: null, tags: ["x"] }] });
    const differences = (body: unknown) => problemsIn(body, shape, "application/json");
    expect(differences({ data: [{ id: "b", by: "me", tags: [], more: 1 }] })).toEqual([]);
    expect(differences({ data: [{ id: null, tags: null }] })).toEqual([
      "data[0].id: not a string, the fixture has one",
      "data[0].by: missing, the fixture has it",
      "data[0].tags: Invalid input: expected array, received null",
    ]);
  });

  const jwt = (header: object, claims: object) =>
    `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.c2ln`;
  it.each([
    ["a key that is no JWT", "opaque", "not a JWT"],
    ["an unregistered alg", jwt({ alg: "XS256" }, { iat: NOW, exp: NOW }), "alg"],
    ["an exp that is a text", jwt({ alg: "HS256" }, { iat: NOW, exp: "2099" }), "exp is not a number"],
    ["a missing iat", jwt({ alg: "HS256" }, { exp: NOW }), "iat is not a number"],
    ["an exp that has passed", jwt({ alg: "HS256" }, { iat: NOW, exp: NOW - 1 }), "exp has passed"],
    ["an iat that lies ahead", jwt({ alg: "HS256" }, { iat: NOW + 1, exp: NOW + 1 }), "iat lies ahead"],
  ])("reports %s, which would stop ybm auth", (_, key, problem) =>
    expect(jwtProblems(key, NOW)).toEqual([expect.stringContaining(problem)]),
  );

  it("accepts a key that ybm auth parses", () => {
    expect(jwtProblems(jwt({ alg: "EdDSA" }, { iat: NOW, exp: NOW }), NOW)).toEqual([]);
  });
});

describe("forwardingProblems", () => {
  const sent = { method: "GET", target: "/a?b=c", body: "", key: "eyJ.key" };
  const seen = { method: "GET", target: "/a?b=c", body: "", headers: { "gatehouse-identity": "i" } };
  it.each([
    ["nothing", [], "received nothing"],
    ["two requests for one", [seen, seen], "2 requests"],
    ["another path", [{ ...seen, target: "/a" }], "received GET /a"],
    ["the client's credential", [{ ...seen, headers: { ...seen.headers, authorization: "Basic x" } }], "Authorization"],
    ["the key in any header", [{ ...seen, headers: { ...seen.headers, "x-key": "eyJ.key" } }], "in x-key"],
    ["no identity", [{ ...seen, headers: {} }], "no Gatehouse-Identity"],
  ])("reports a forwarded request of which the upstream received %s", (_, received, problem) => {
    expect(forwardingProblems(sent, received)).toEqual([expect.stringContaining(problem)]);
  });
});

describe("the abbreviations of the cases file", () => {
  const operations = readOperations(
    "method\tpath\toperationId\nGET\t/api/public/v1/accounts/{accountId}/roles ?\tlistRbacRoles",
  );
  it.each([
    ["A/api-keys", "/api/public/v1/accounts/{accountId}/api-keys"],
    ["P/allow-lists", "/api/public/v1/accounts/{accountId}/projects/{projectId}/allow-lists"],
    ["roles/{roleId}", "/api/public/v1/accounts/{accountId}/roles/{roleId}"],
  ])("expands the path %s", (short, full) => expect(expandPath(short, operations)).toBe(full));

  it("plays a command once for each value of a flag, and without each optional flag", () => {
    const command = "role list [--type BUILT-IN|CUSTOM] [--role-name R]";
    expect(wordsOf(command)).toBe("role list");
    const query = { role_types: "ALL | SYSTEM", display_name: "R" };
    const variants = variantsOf(query, flagsOf(command)).map((variant) => Object.values(variant).join("+"));
    expect(variants).toEqual(["ALL", "ALL+R", "SYSTEM", "SYSTEM+R"]);
  });
});
