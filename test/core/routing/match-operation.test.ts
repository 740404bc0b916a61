import { describe, expect, it, test } from "vitest";
import { isReservedPath, matchOperation } from "../../../src/core/routing/match-operation.ts";
import { compileTable } from "../../../src/core/routing/operation-table.ts";
import { OPERATIONS, type Operation } from "../../../src/core/routing/operations.ts";

const A = "/api/public/v1/accounts/0f3b1c52-6d0a-4a7e-9c55-2f8f0c1d7a10";

function row(method: Operation["method"], path: string, changes: Partial<Operation> = {}): Operation {
  const effect = method === "GET" ? "safe" : "mutating";
  const upstream = { permission: null, effect, handledBy: "upstream" } as const;
  return { operationId: `${method} ${path}`, method, path, ...upstream, ...changes };
}

/** Rows of an API that could be taken for one another, and for the table's own. */
const TABLE = [
  row("GET", "/kv/{key}", { permission: "TRACK:READ", encodedSlash: ["key"] }),
  row("DELETE", "/kv/{key}", { permission: "CDC_SINK:DELETE", encodedSlash: ["key"] }),
  row("DELETE", "/kv/{key}:lock", { permission: "CDC_STREAM:DELETE", encodedSlash: ["key"] }),
  row("GET", "/kv/{key}/lock", { permission: "TRACK:READ" }),
  row("DELETE", "/kv/{key}/lock", { permission: "CDC_STREAM:DELETE" }),
  row("GET", "/jobs/{id}", { permission: "CLUSTER:READ" }),
  row("GET", "/jobs/{id}:cancel", { permission: "CLUSTER:PAUSE" }),
  row("GET", "/jobs/a+b", { permission: "VPC:READ" }),
  row("GET", "/{a}/{b}"),
  row("GET", "/api/public/v1/accounts/{accountId}/{rest...}", { encodedSlash: ["rest"] }),
  row("GET", "/slashed/"),
  ...OPERATIONS.filter(({ operationId }) => operationId === "getAuditHead"),
];

/** What a template that has every path lets through. */
const ANY = [
  row("PUT", "/{all...}", { encodedSlash: ["all"] }),
  ...OPERATIONS.filter(({ operationId }) => operationId === "listRbacRoles" || operationId === "getRole"),
];

/** The operation of a path, or the reason of its denial. */
function outcome(method: string, path: string, forwardBelow: string | null = null): string {
  const table = method === "PUT" ? ANY : TABLE;
  const target = matchOperation(method, path, "", compileTable(table, forwardBelow));
  return "reason" in target ? target.reason : (target.operation?.operationId ?? "forwarded");
}

describe("matchOperation, on encoded values", () => {
  test.each([
    ["an encoded slash that is of the value alone", "DELETE", "/kv/web%2Fdispatch-1", "DELETE /kv/{key}"],
    ["one that makes another operation with the same permission", "GET", "/kv/web%2Flock", "GET /kv/{key}"],
    ["one that makes another operation with another permission", "DELETE", "/kv/web%2Flock", "path_not_canonical"],
    ["a literal behind it, beside an encoded slash", "DELETE", "/kv/a%2Fb%3Alock", "path_not_canonical"],
    ["empty segments once it is decoded", "DELETE", "/kv/%2F%2Flock", "DELETE /kv/{key}"],
    ["a slash alone", "DELETE", "/kv/%2F", "DELETE /kv/{key}"],
    ["a value that would be another with a literal behind it", "GET", "/jobs/7%3Acancel", "path_not_canonical"],
    ["a value that would be a literal", "GET", "/jobs/a%2Bb", "path_not_canonical"],
    ["a value with a colon that means nothing", "GET", "/jobs/7%3Acancelled", "GET /jobs/{id}"],
    ["a value in UTF-8", "GET", "/jobs/caf%C3%A9", "GET /jobs/{id}"],
  ])("judges %s: %s %s", (_, method, path, expected) => {
    expect(outcome(method, path)).toBe(expected);
    expect(outcome(method, path, "/")).toBe(expected);
  });
});

describe("matchOperation, on names that are reserved", () => {
  test.each([
    ["GET", "/console/x", "not_found"],
    ["GET", "/Console/x", "not_found"],
    ["GET", "/console./x", "path_not_canonical"],
    ["GET", "/c%C3%B6nsole/x", "path_not_canonical"],
    ["PUT", "/console%2Fx", "path_not_canonical"],
    ["PUT", "/%2Fconsole%2Fx", "path_not_canonical"],
    ["PUT", "/.well-known/gatehouse%20/jwks.json", "path_not_canonical"],
    ["GET", "/consoles/x", "GET /{a}/{b}"],
    ["PUT", "/x/console", "PUT /{all...}"],
    ["GET", `${A}/audit/head`, "getAuditHead"],
    ["GET", `${A}/audit/HEAD`, "not_found"],
    ["GET", `${A}/audit%2Fhead`, "path_not_canonical"],
    ["GET", `${A}/audit/head.`, "path_not_canonical"],
    ["GET", `${A}/audit/head%20`, "path_not_canonical"],
    ["GET", `${A}/x%2Fy`, "GET /api/public/v1/accounts/{accountId}/{rest...}"],
    ["GET", A.replace("0f3b", "%C3%A9").concat("/audit/head"), "path_not_canonical"],
    ["DELETE", `${A}/audit/head%20`, "path_not_canonical"],
    ["PUT", `${A}/Roles`, "not_found"],
    ["PUT", `${A}/roles%2Fx`, "path_not_canonical"],
  ])("sends nothing there by another spelling: %s %s: %s", (method, path, expected) => {
    expect(outcome(method, path)).toBe(expected);
    expect(outcome(method, path, "/")).toBe(expected);
  });
});

it("matches no template of the upstream's own that is one of Gatehouse's paths in another case", () => {
  const table = compileTable([row("GET", "/Console/{page}"), row("GET", "/consoles/{page}")]);
  expect(matchOperation("GET", "/Console/x", "", table)).toEqual({ reason: "not_found" });
  expect(matchOperation("GET", "/consoles/x", "", table)).toMatchObject({ params: { page: "x" } });
});

describe("matchOperation, on the account", () => {
  const other = "11111111-6d0a-4a7e-9c55-2f8f0c1d7a10";

  test.each([
    `/api/public/v1/accounts%2F${other}/x`,
    `/api%2Fpublic/v1/accounts/${other}`,
    `/api/public/v1/account%C5%BF/${other}`,
    `/api/public/v1/accounts./${other}/x`,
    `/api/public/v1/accounts/%2F${other}/x`,
    `/api/public/v1/accounts/${other}%20/x`,
    `/%2Fapi/public/v1/accounts/${other}`,
  ])("denies a path that another server could read as one of an account: %s", (path) => {
    expect(outcome("PUT", path, "/")).toBe("path_not_canonical");
  });

  it("denies a dot at the end of a segment that another server could drop", () => {
    const own = OPERATIONS.filter(({ operationId }) => operationId === "listRbacRoles");
    const table = compileTable([row("GET", "/api/public/v1/{kind}/{id}/x"), ...own]);
    const read = (path: string) => matchOperation("GET", path, "", table);
    expect(read(`/api/public/v1/accounts./${other}/x`)).toEqual({ reason: "path_not_canonical" });
    expect(read(`/api/public/v1/accounts/${other}/x`)).toMatchObject({ accountId: other });
    expect(read(`/api/public/v1/things./${other}/x`)).toMatchObject({ accountId: null });
  });

  it.each([`/api/public/v1/accounts/${other}/x`, `/API/public/v1/Accounts/${other.toUpperCase()}/%C3%A9`])(
    "finds the account that every server reads: %s",
    (path) => {
      expect(matchOperation("PUT", path, "", compileTable(ANY))).toMatchObject({ accountId: other });
    },
  );
});

describe("matchOperation, on paths without an operation", () => {
  test.each([
    ["GET", "/a/b/c", "operation_unknown", "forwarded"],
    ["GET", "/a/b/c%20", "path_not_canonical", "path_not_canonical"],
    ["GET", "/a/b/c.", "path_not_canonical", "path_not_canonical"],
    ["GET", "/kv/a/b%2Fc", "path_not_canonical", "path_not_canonical"],
    ["POST", "/jobs/7", "method_not_allowed", "forwarded"],
    ["POST", "/jobs/a%20b", "method_not_allowed", "method_not_allowed"],
    ["GET", "/jobs", "operation_unknown", "forwarded"],
    ["GET", "/jobs/7/", "not_found", "not_found"],
    ["GET", "/slashed/", "GET /slashed/", "GET /slashed/"],
    ["GET", "/slashed", "not_found", "not_found"],
    ["PUT", "/a/", "not_found", "not_found"],
    ["GET", "/console", "not_found", "not_found"],
  ])("answers %s %s with %s, and with %s where unknown operations are forwarded", (method, path, denied, forwarded) => {
    expect(outcome(method, path)).toBe(denied);
    expect(outcome(method, path, "/")).toBe(forwarded);
  });
});

describe("isReservedPath", () => {
  test.each([
    ["/console", true],
    ["/CONSOLE/x", true],
    ["/.well-known/Gatehouse", true],
    ["/.well-known/gatehouse/health", true],
    ["/consoles", false],
    ["/.well-known/x", false],
    ["/x/console", false],
    ["/", false],
  ])("reserves %s: %s", (path, reserved) => {
    expect(isReservedPath(path)).toBe(reserved);
  });
});
