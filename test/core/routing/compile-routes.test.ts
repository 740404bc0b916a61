import { describe, expect, it, test } from "vitest";
import { compileRoutes, templateFaults } from "../../../src/core/routing/compile-routes.ts";
import { OPERATIONS, type Operation } from "../../../src/core/routing/operations.ts";
import { matchRoute } from "../../../src/core/routing/route-matcher.ts";

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

describe("compileRoutes", () => {
  test.each([
    "",
    "things",
    "x/things",
    "//things",
    "/things//parts",
    "/things/../parts",
    "/things/.",
    "/things/a.",
    "/things/%41",
    "/things/a b",
    "/things/a;b",
    "/things/{}",
    "/things/{__proto__}",
    "/things/x{id}",
    "/things/{id}x.",
    "/things/{id}%20",
    "/things/{id}{part}",
    "/things/{thing.id}",
    "/things/{id...}/parts",
    "/things/{id...}x",
    "/things/{...}",
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
    expect(() => aTable("GET /things/{id}", "GET /things/{thingId}")).toThrow(
      "GET /things/{id} (GET /things/{id}) and GET /things/{thingId} (GET /things/{thingId}) match the same paths",
    );
    for (const shape of ["{}:x", "{...}", "{}/a"]) {
      const [one, other] = ["a", "b"].map((name) => `GET /${shape.replace("{", `{${name}`)}`) as [string, string];
      expect(() => aTable(one, other)).toThrow("match the same paths");
    }
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

  test.each([
    [{ formats: { other: "uuid" } }, "/things/{thingId} has no parameter {other}"],
    [{ encodedSlash: ["other"] }, "/things/{thingId} has no parameter {other}"],
    [
      { formats: { thingId: { pattern: "(" } } },
      "the pattern of {thingId} in /things/{thingId} is no regular expression",
    ],
  ] as const)("throws for what is said of parameters: %j", (changes, message) => {
    expect(() => compileRoutes([anOperation(changes)])).toThrow(message);
  });

  it("compiles a pattern that is one only without Unicode", () => {
    const table = compileRoutes([anOperation({ formats: { thingId: { pattern: "^[\\w-.]+$" } } })]);
    expect(matchRoute(table, "GET", "/things/a-b.c").kind).toBe("operation");
    expect(matchRoute(table, "GET", "/things/a:b").kind).toBe("unknown");
  });
});

describe("templateFaults", () => {
  it("finds none in the table", () => {
    expect(templateFaults(OPERATIONS)).toEqual([]);
  });

  it("finds all at once, with the rows that they concern", () => {
    const faults = templateFaults([
      anOperation({ operationId: "a", path: "things" }),
      anOperation({ operationId: "b", path: "/x/{y}", formats: { y: { pattern: "[" }, z: "uuid" } }),
      anOperation({ operationId: "b", path: "/y" }),
      anOperation({ operationId: "c", path: "/x/{z}" }),
      anOperation({ operationId: "d", path: "/x/{p...}/z" }),
    ]);
    expect(faults).toEqual([
      { operationIds: ["a"], message: "things does not begin with a slash" },
      { operationIds: ["b"], message: "/x/{y} has no parameter {z}" },
      { operationIds: ["b"], message: "the pattern of {y} in /x/{y} is no regular expression" },
      { operationIds: ["b"], message: "two rows have the operationId b" },
      { operationIds: ["b", "c"], message: "b (GET /x/{y}) and c (GET /x/{z}) match the same paths" },
      { operationIds: ["d"], message: "/x/{p...}/z does not end with {p...}" },
    ]);
  });
});
