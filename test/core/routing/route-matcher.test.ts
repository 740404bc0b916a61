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
      expect(match(method, call)).toEqual({ kind: "operation", operation, params });
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

describe("compileRoutes", () => {
  test.each([
    "",
    "things",
    "x/things",
    "/",
    "/things/",
    "//things",
    "/things//parts",
    "/things/../parts",
    "/things/.",
    "/things/a.",
    "/things/%41",
    "/things/a b",
    "/things/a;b",
    "/things/{}",
    "/things/{thing_id}",
    "/things/{__proto__}",
    "/things/x{id}",
    "/things/{id}x",
    "/things/{a}/{a}",
    "/things?x=1",
    "/thïngs",
  ])("throws for the template %j", (path) => {
    expect(() => compileRoutes([anOperation({ path })])).toThrow("operation table: ");
  });

  it("throws for an operationId that occurs twice", () => {
    expect(() => compileRoutes([anOperation(), anOperation({ path: "/others" })])).toThrow(
      "two rows have the operationId getThing",
    );
  });

  it("throws for a method and shape that occur twice, with any names of the parameters", () => {
    expect(() => aTable("GET /things/{id}", "GET /things/{thingId}")).toThrow("two rows have GET /things/{thingId}");
  });

  it("names the parameters of one shape as each row does", () => {
    const table = aTable("GET /things/{id}", "DELETE /things/{thingId}");
    expect(matchRoute(table, "GET", "/things/7")).toMatchObject({ params: { id: "7" } });
    expect(matchRoute(table, "DELETE", "/things/7")).toMatchObject({ params: { thingId: "7" } });
  });

  it("matches two APIs in one table, and nothing in an empty one", () => {
    const table = aTable("GET /api/v1/things", "GET /other/{id}");
    expect(matchRoute(table, "GET", "/api/v1/things").kind).toBe("operation");
    expect(matchRoute(table, "GET", "/other/7").kind).toBe("operation");
    expect(matchRoute(compileRoutes([]), "GET", "/").kind).toBe("unknown");
    expect(matchRoute(compileRoutes([]), "GET", "").kind).toBe("unknown");
    expect(matchRoute(aTable("GET /a/b"), "GET", "/a/b").kind).toBe("operation");
    expect(matchRoute(aTable("GET /a", "GET /a/b"), "GET", "/a").kind).toBe("operation");
  });
});
