import { describe, expect, it, test } from "vitest";
import { compileRoutes } from "../../../src/core/routing/compile-routes.ts";
import { OPERATIONS, type Operation } from "../../../src/core/routing/operations.ts";
import { matchRoute } from "../../../src/core/routing/route-matcher.ts";

const routes = compileRoutes(OPERATIONS);
const match = (method: string, path: string) => matchRoute(routes, method, path);

const A = "/api/public/v1/accounts/acc-1";
const P = `${A}/projects/pro-1`;
const C = `${P}/clusters/clu-1`;

function anOperation(changes: Partial<Operation> = {}): Operation {
  return {
    operationId: "getThing",
    method: "GET",
    path: "/things/{thingId}",
    permission: null,
    effect: "safe",
    handledBy: "upstream",
    ...changes,
  };
}

/** A table of `METHOD /path` rows; each is called by its own text. */
function aTable(...rows: string[]) {
  return compileRoutes(
    rows.map((row) => {
      const [method, path] = row.split(" ") as [Operation["method"], string];
      return anOperation({ operationId: row, method, path });
    }),
  );
}

describe("matchRoute, for every row of the table", () => {
  test.each(OPERATIONS.map((operation) => [operation.method, operation.path, operation] as const))(
    "matches %s %s with its parameters",
    (method, path, operation) => {
      const params: Record<string, string> = {};
      const call = path.replace(/\{(\w+)\}/g, (_, name: string) => {
        params[name] = `${name}.value-1`;
        return params[name];
      });
      // Only Gatehouse's own are examined again: nothing else in the table could be read as one of them.
      const ambiguous = operation.handledBy === "gatehouse";
      expect(match(method, call)).toEqual({ kind: "operation", operation, params, ambiguous });
    },
  );

  it("does not match a row with a trailing slash, with one more segment, or in another case", () => {
    for (const { method, path } of OPERATIONS) {
      const call = path.replace(/\{\w+\}/g, "x-1");
      expect(match(method, `${call}/`).kind).toBe("unknown");
      expect(match(method, `${call}/no/such`).kind).toBe("unknown");
      expect(match(method, call.toUpperCase()).kind).toBe("unknown");
      // Its last literal segment alone in another case.
      const literal = path.split("/").findLast((segment) => !segment.startsWith("{")) as string;
      const odd = call.replace(`/${literal}`, `/${literal.slice(0, -1)}${literal.slice(-1).toUpperCase()}`);
      expect([odd, match(method, odd).kind]).not.toEqual([odd, "operation"]);
    }
  });
});

describe("matchRoute, on methods", () => {
  it("matches HEAD as GET", () => {
    expect(match("HEAD", C)).toEqual(match("GET", C));
    expect(match("HEAD", C)).toMatchObject({ kind: "operation", operation: { operationId: "getCluster" } });
  });

  test.each([
    ["PATCH", C, ["GET", "HEAD", "PUT", "DELETE"]],
    ["GET", `${C}/pause`, ["POST"]],
    ["HEAD", `${C}/pause`, ["POST"]],
    ["OPTIONS", `${P}/clusters`, ["GET", "HEAD", "POST"]],
    ["TRACE", "/api/public/v1/ping", ["GET", "HEAD"]],
    ["get", "/api/public/v1/ping", ["GET", "HEAD"]],
    ["constructor", "/api/public/v1/ping", ["GET", "HEAD"]],
    ["", "/api/public/v1/ping", ["GET", "HEAD"]],
  ])("returns the other methods for %s on %s: %j", (method, path, allow) => {
    expect(match(method, path)).toEqual({ kind: "other_methods", allow });
  });

  it("does not match a method of a parameter for the literal beside it", () => {
    expect(match("POST", `${P}/telemetry-providers/validate`).kind).toBe("operation");
    expect(match("DELETE", `${P}/telemetry-providers/validate`)).toEqual({ kind: "other_methods", allow: ["POST"] });
    expect(match("DELETE", `${P}/telemetry-providers/validated`).kind).toBe("operation");
  });
});

describe("matchRoute, on a template's own HEAD", () => {
  const table = aTable("GET /a", "HEAD /a", "GET /b", "HEAD /c", "POST /c");

  test.each([
    ["HEAD", "/a", "HEAD /a"],
    ["GET", "/a", "GET /a"],
    ["HEAD", "/b", "GET /b"],
    ["HEAD", "/c", "HEAD /c"],
  ])("matches %s %s by the row %s", (method, path, row) => {
    expect(matchRoute(table, method, path)).toMatchObject({ operation: { operationId: row } });
  });

  test.each([
    ["/a", ["GET", "HEAD"]],
    ["/b", ["GET", "HEAD"]],
    ["/c", ["HEAD", "POST"]],
  ])("allows on %s: %j", (path, allow) => {
    expect(matchRoute(table, "DELETE", path)).toEqual({ kind: "other_methods", allow });
  });
});

describe("matchRoute, on the grammar", () => {
  const table = aTable(
    "GET /v1/{id}",
    "GET /v1/{id}:cancel",
    "GET /v1/{id}:force:cancel",
    "GET /v1/{name}.json",
    "GET /v1/all",
    "GET /v1/all/",
    "GET /v1/{id}/parts",
    "GET /v1/{path...}",
    "GET /v1/all/{x}/deep",
    "GET /files/{a-b_Cd}x",
    "GET /files/{_}20",
    "GET /files/{path...}",
    "GET /",
  );

  test.each([
    ["/v1/7", "GET /v1/{id}", { id: "7" }],
    ["/v1/7:cancel", "GET /v1/{id}:cancel", { id: "7" }],
    ["/v1/7:force:cancel", "GET /v1/{id}:force:cancel", { id: "7" }],
    ["/v1/7:x:cancel", "GET /v1/{id}:cancel", { id: "7:x" }],
    ["/v1/:cancel", "GET /v1/{id}", { id: ":cancel" }],
    ["/v1/7:cancelled", "GET /v1/{id}", { id: "7:cancelled" }],
    ["/v1/a.b.json", "GET /v1/{name}.json", { name: "a.b" }],
    ["/v1/.json", "GET /v1/{id}", { id: ".json" }],
    ["/v1/7.", "GET /v1/{id}", { id: "7." }],
    ["/v1/7%20x:cancel", "GET /v1/{id}:cancel", { id: "7%20x" }],
    ["/v1/7%3Acancel", "GET /v1/{id}", { id: "7%3Acancel" }],
    ["/v1/all", "GET /v1/all", {}],
    ["/v1/all/", "GET /v1/all/", {}],
    ["/v1/all/parts", "GET /v1/{id}/parts", { id: "all" }],
    ["/v1/7:cancel/parts", "GET /v1/{id}/parts", { id: "7:cancel" }],
    ["/v1/7/other/%C3%A9", "GET /v1/{path...}", { path: "7/other/%C3%A9" }],
    ["/v1/all/b/deep", "GET /v1/all/{x}/deep", { x: "b" }],
    ["/v1/all/b/shallow", "GET /v1/{path...}", { path: "all/b/shallow" }],
    ["/files/1x", "GET /files/{a-b_Cd}x", { "a-b_Cd": "1" }],
    ["/files/a20", "GET /files/{_}20", { _: "a" }],
    ["/files/a%20", "GET /files/{path...}", { path: "a%20" }],
    ["/files/a%C320", "GET /files/{_}20", { _: "a%C3" }],
    ["/files/x/y/z", "GET /files/{path...}", { path: "x/y/z" }],
    ["/", "GET /", {}],
  ])("matches %s by %s", (path, row, params) => {
    expect(matchRoute(table, "GET", path)).toMatchObject({ operation: { operationId: row }, params });
  });

  test.each([
    "/v1",
    "/v1/",
    "/v1/7/",
    "/v1/7/parts/",
    "/v1/7/other/",
    "/files",
    "/files/",
    "/v1/a%2Fb",
    "/files/a%2Fb",
    "//",
  ])("does not match %s", (path) => {
    expect(matchRoute(table, "GET", path)).toEqual({ kind: "unknown" });
  });

  it("has an encoded slash in the values of marked parameters only, and matches another template otherwise", () => {
    const slashes = compileRoutes([
      anOperation({ operationId: "one", path: "/q/{vhost}/{name}", encodedSlash: ["vhost"] }),
      anOperation({ operationId: "two", path: "/q/{vhost}/{name}", method: "PUT", encodedSlash: ["vhost", "name"] }),
      anOperation({ operationId: "rest", path: "/q/{all...}", encodedSlash: ["all"] }),
    ]);
    const found = (method: string, path: string) => matchRoute(slashes, method, path);
    expect(found("GET", "/q/%2F/a")).toMatchObject({ operation: { operationId: "one" }, params: { vhost: "%2F" } });
    expect(found("PUT", "/q/%2F/a%2Fb")).toMatchObject({ operation: { operationId: "two" } });
    // The template has this path by its PUT alone.
    expect(found("GET", "/q/%2F/a%2Fb")).toEqual({ kind: "other_methods", allow: ["PUT"] });
    expect(found("GET", "/q/x/y/a%2Fb")).toMatchObject({ operation: { operationId: "rest" } });
  });

  it("has only values in the format of their parameter, decoded, and matches another template otherwise", () => {
    const formatted = compileRoutes([
      anOperation({ operationId: "uuid", path: "/{id}/x", formats: { id: "uuid" } }),
      anOperation({ operationId: "integer", path: "/{id}:n/x", formats: { id: "integer" } }),
      anOperation({ operationId: "pattern", path: "/{a}/{b}/x", formats: { b: { pattern: "^[a-é ]+$" } } }),
      anOperation({ operationId: "enum", path: "/{a}/{b}", formats: { b: { enum: ["x", "a b"] } } }),
      anOperation({ operationId: "delete", method: "DELETE", path: "/{id}:n/x" }),
    ]);
    const found = (path: string, method = "GET") => {
      const match = matchRoute(formatted, method, path);
      return match.kind === "operation" ? match.operation.operationId : match.kind;
    };
    expect(found("/6b9f7f0e-98a5-4bb0-9b8e-b8d6a4f0f001/x")).toBe("uuid");
    expect(found("/6B9F7F0E-98A5-4BB0-9B8E-B8D6A4F0F001/x")).toBe("uuid");
    expect(found("/6b9f7f0e-98a5-4bb0-9b8e-b8d6a4f0f00/x")).toBe("enum");
    expect(found("/-7:n/x")).toBe("integer");
    // The template has this path by its DELETE, which asks for no format.
    expect(found("/7.5:n/x")).toBe("other_methods");
    expect(found("/7.5:n/x", "DELETE")).toBe("delete");
    expect(found("/p/a%20%C3%A9/x")).toBe("pattern");
    expect(found("/p/a%20b")).toBe("enum");
    expect(found("/p/A/x")).toBe("unknown");
    expect(found("/p/y")).toBe("unknown");
    expect(found("/p/x", "PUT")).toBe("other_methods");
    expect(found("/p/x", "HEAD")).toBe("enum");
  });

  it("matches HEAD as GET where a value has the format of GET only", () => {
    const formatted = compileRoutes([
      anOperation({ operationId: "get", path: "/{id}" }),
      anOperation({ operationId: "head", method: "HEAD", path: "/{id}", formats: { id: "integer" } }),
    ]);
    expect(matchRoute(formatted, "HEAD", "/7")).toMatchObject({ operation: { operationId: "head" } });
    expect(matchRoute(formatted, "HEAD", "/x")).toMatchObject({ operation: { operationId: "get" } });
  });
});

describe("matchRoute, on paths", () => {
  it("prefers a literal segment to a parameter", () => {
    const table = aTable("GET /things/{id}", "GET /things/new", "GET /things/{id}/parts", "GET /things/new/form");
    const found = (path: string) => matchRoute(table, "GET", path);
    expect(found("/things/new")).toMatchObject({ operation: { operationId: "GET /things/new" }, params: {} });
    expect(found("/things/7")).toMatchObject({ operation: { operationId: "GET /things/{id}" }, params: { id: "7" } });
    expect(found("/things/new/form")).toMatchObject({ operation: { operationId: "GET /things/new/form" } });
  });

  it("falls back to a parameter where the literal leads nowhere, and keeps no stale value", () => {
    const table = aTable("GET /a/{x}/c/{y}/end", "GET /a/b/{z}/d/e", "GET /a/b/c");
    expect(matchRoute(table, "GET", "/a/b/c/d/end")).toEqual({
      kind: "operation",
      operation: expect.objectContaining({ operationId: "GET /a/{x}/c/{y}/end" }),
      params: { x: "b", y: "d" },
      ambiguous: false,
    });
    expect(matchRoute(table, "GET", "/a/b/c/d/f")).toEqual({ kind: "unknown" });
  });

  it("matches supported configurations of an account, not of a cluster", () => {
    expect(match("GET", `${A}/clusters/supported-node-configurations`)).toMatchObject({
      operation: { operationId: "getSupportedNodeConfigurationsByAccount" },
      params: { accountId: "acc-1" },
    });
    expect(match("GET", `${A}/clusters/clu-1`).kind).toBe("unknown");
  });

  test.each([
    "",
    "/",
    "/api/public/v1",
    "/api/public/v1/",
    "/api/public/v1x/ping",
    "/api/public/v1ping",
    "/api/public/v1xping",
    "/api/public/v2/ping",
    "/api/public/v1/pin",
    "/api/public/v1/ping/",
    "/api/public/v1//ping",
    "/api/public/v1/accounts/",
    "/api/public/v1/accounts//projects",
    "/api/public/v1/constructor",
    "/api/public/v1/__proto__",
    "/x/api/public/v1/ping",
    "api/public/v1/ping",
    `${P}/cluster/clu-1`,
    `${C}/db-query-log-exporter-configs`,
  ])("does not match %j", (path) => {
    for (const method of ["GET", "POST", "TRACE"]) expect(match(method, path)).toEqual({ kind: "unknown" });
  });

  it("returns any canonical segment as the value of a parameter, unchanged", () => {
    for (const id of ["constructor", "__proto__", "a.b", "~", "@:=,+*()'&$!", "x".repeat(4000)]) {
      expect(match("GET", `/api/public/v1/accounts/${id}/tasks`)).toMatchObject({ params: { accountId: id } });
    }
  });

  it("agrees with one regular expression per row, for known paths and random changes of them", () => {
    const patterns = OPERATIONS.map((row) => [new RegExp(`^${row.path.replace(/\{\w+\}/g, "[^/]+")}$`), row] as const);
    let known = 0;
    for (const path of bentPaths()) {
      const fitting = patterns.filter(([pattern]) => pattern.test(path)).map(([, row]) => row);
      const result = match("GET", path);
      expect([path, result.kind === "unknown"]).toEqual([path, fitting.length === 0]);
      if (result.kind === "operation") expect(fitting).toContain(result.operation);
      if (result.kind !== "unknown") known++;
    }
    expect(known).toBeGreaterThan(200);
  });
});

/** Every known path with one segment left out, put in, or exchanged for one that means something elsewhere. */
function bentPaths(): Set<string> {
  const pieces = ["id-1", "accounts", "projects", "clusters", "cluster", "roles", "batch", "validate", "pause", "gcp"];
  const bent = new Set<string>();
  for (const { path } of OPERATIONS) {
    const segments = path.replace(/\{\w+\}/g, "id-1").split("/");
    for (let at = 4; at < segments.length; at++) {
      bent.add(segments.toSpliced(at, 1).join("/"));
      for (const piece of pieces) {
        bent.add(segments.toSpliced(at, 0, piece).join("/"));
        bent.add(segments.with(at, piece).join("/"));
      }
    }
  }
  return bent;
}
