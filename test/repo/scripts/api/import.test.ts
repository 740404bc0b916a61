// OpenAPI documents of every version as tables: what is read, what is left out, and every fault at once.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { DocumentError, readText } from "../../../../scripts/api/document.ts";
import { type ImportOptions, importDocument } from "../../../../scripts/api/import.ts";

const path = (name: string, more: object = {}) => ({
  name,
  in: "path",
  required: true,
  schema: { type: "string", ...more },
});
const info = { title: "Fleet API", version: "1" };
const document = (paths: object, more: object = {}) => ({ openapi: "3.0.3", info, paths, ...more });
const jobs = (operation: object) => document({ "/jobs": { get: { operationId: "listJobs", ...operation } } });

const read = (source: object, options?: ImportOptions) => importDocument(JSON.stringify(source), options);

async function faultsOf(text: string, options?: ImportOptions): Promise<readonly string[]> {
  const error = await importDocument(text, options).then(
    () => null,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(DocumentError);
  return (error as DocumentError).faults.map(({ pointer, message }) => `${pointer}: ${message}`);
}

const rowsOf = async (source: object, options?: ImportOptions) =>
  (await read(source, options)).operations.map(({ operationId, method, path }) => `${operationId} ${method} ${path}`);

describe("versions and notations", () => {
  const paths = { "/jobs/{id}": { parameters: [path("id")], get: { operationId: "getJob", responses: {} } } };
  const swagger = {
    ...{ swagger: "2.0", info, basePath: "/v1/" },
    paths: {
      "/jobs/{id}": {
        get: {
          operationId: "getJob",
          parameters: [{ name: "id", in: "path", required: true, type: "string", format: "uuid" }],
        },
      },
    },
  };
  it.each([
    ["OpenAPI 3.0", { openapi: "3.0.3", info, servers: [{ url: "https://h.example/v1" }], paths }],
    ["OpenAPI 3.1", { openapi: "3.1.0", info, servers: [{ url: "/v1" }], paths }],
    ["Swagger 2.0", swagger],
  ])("reads %s as JSON, as JSON with tabs and as YAML", async (_, source) => {
    const texts = [JSON.stringify(source), JSON.stringify(source, null, "\t"), `\uFEFF${stringify(source)}`];
    for (const text of texts) {
      const { operations, name, prefix } = await importDocument(text);
      expect([name, prefix, operations.length]).toEqual(["fleet", "/v1", 1]);
      expect(operations[0]).toMatchObject({ operationId: "getJob", method: "GET", path: "/v1/jobs/{id}" });
      expect(operations[0]).toMatchObject({ permission: "JOB:READ", effect: "safe" });
    }
  });

  it("reads the format of a parameter where each version has it", async () => {
    const source = {
      openapi: "3.1.0",
      info,
      paths: { "/a/{id}": { get: { operationId: "a", parameters: [path("id", { format: "uuid" })] } } },
    };
    expect((await read(source)).operations[0]?.formats).toEqual({ id: "uuid" });
    expect((await read(swagger)).operations[0]?.formats).toEqual({ id: "uuid" });
  });

  it.each([
    ["JSON that ends too early", '{"openapi": "3.0.0",', ": line 1, column "],
    ["YAML with an open quote", 'openapi: 3.0.0\ninfo: "x', ": line 2, column 9: "],
    [
      "a key that occurs twice",
      "openapi: 3.0.0\npaths:\n  /a: {}\n  /a: {}\n",
      ": line 4, column 3: Map keys must be unique",
    ],
    ["a list", "[]", ": is no object"],
    ["another version", "openapi: 4.0.0\n", ": neither `openapi: 3.0.x`"],
    ["Swagger 1.2", 'swagger: "1.2"\n', ": neither `openapi: 3.0.x`"],
    ["nothing", "", ": is no object"],
  ])("rejects %s", async (_, text, fault) => {
    expect(await faultsOf(text)).toEqual([expect.stringContaining(fault)]);
  });

  it("reads a file and an address", async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === "/openapi.yaml" ? 200 : 404).end("openapi: 3.0.0");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect(await readText(`${address}/openapi.yaml`)).toBe("openapi: 3.0.0");
      await expect(readText(`${address}/other`)).rejects.toThrow(
        "the document: cannot be read: the server answers 404",
      );
    } finally {
      server.close();
    }
    expect(await readText("package.json")).toContain('"name": "gatehouse"');
  });

  it("rejects a file and an address that cannot be read", async () => {
    await expect(readText("/nowhere/at-all.yaml")).rejects.toThrow("the document: cannot be read: ENOENT");
    await expect(readText("http://127.0.0.1:1/openapi.json")).rejects.toThrow("the document: cannot be read: ");
  });
});

describe("paths", () => {
  it("joins the first server with its defaults, and says which others there are", async () => {
    const servers = [
      { url: "{scheme}://{host}:{port}/{base}", variables: { base: { default: "v2" }, scheme: { default: "http" } } },
      { url: "https://h.example/v3/" },
    ];
    const { operations, notes } = await read({ ...jobs({}), servers });
    expect(operations[0]?.path).toBe("/v2/jobs");
    expect(notes).toEqual(["the servers have several paths; taken is /v2, not /v3 (--prefix)"]);
  });

  it("takes the server of a path and of an operation before that of the document", async () => {
    const source = document(
      {
        "/a": {
          servers: [{ url: "/p" }],
          get: { operationId: "a" },
          post: { operationId: "b", servers: [{ url: "//o.example/o" }] },
        },
        "/c": { get: { operationId: "c" } },
      },
      { servers: [{ url: "/d" }] },
    );
    expect(await rowsOf(source)).toEqual(["a GET /p/a", "b POST /o/a", "c GET /d/c"]);
    expect((await read(source)).prefix).toBe("");
    expect((await read(source)).notes).toEqual([
      "served by o.example: 1 of the operations; Gatehouse forwards all to UPSTREAM_URL",
    ]);
    expect((await read(source, { prefix: "x/" })).prefix).toBe("/x");
    expect(await rowsOf(source, { prefix: "x/" })).toEqual(["a GET /x/a", "b POST /x/a", "c GET /x/c"]);
  });

  it("reads templates with a literal behind a parameter, a slash at the end, and other letters in a name", async () => {
    const paths = {
      "/jobs/{id}:cancel": { post: { operationId: "a", parameters: [path("id")] } },
      "/jobs/{id}.json": { get: { operationId: "b", parameters: [path("id")] } },
      "/jobs/": { get: { operationId: "c" } },
      "/jobs/{job.id}": { get: { operationId: "d", parameters: [path("job.id")] } },
    };
    const { operations, notes } = await read(document(paths));
    expect(operations.map((operation) => operation.path)).toEqual([
      ...["/jobs/{id}:cancel", "/jobs/{id}.json", "/jobs/", "/jobs/{job_id}"],
    ]);
    expect(notes).toEqual(["/jobs/{job.id}: {job.id} is {job_id} in the table"]);
  });

  it.each([
    ["a query", "/a?x=1", "it has a query or a fragment, which no path has"],
    ["a fragment", "/a#b", "it has a query or a fragment, which no path has"],
    ["an empty segment", "/a//b", "it has an empty segment"],
    ["a denied character", "/<url>", "it has a character that the gateway denies in paths: <url>"],
    ["a dot at the end of a segment", "/a./b", "the gateway denies segments that end in a dot: a."],
    [
      "a literal in front of a parameter",
      "/v{x}",
      "a segment of the table is a literal, or one parameter with a literal behind it: v{x}",
    ],
    [
      "two parameters in a segment",
      "/{x}.{y}",
      "a segment of the table is a literal, or one parameter with a literal behind it: {x}.{y}",
    ],
  ])("leaves out a path with %s", async (_, odd, reason) => {
    const { operations, leftOut } = await read(document({ ...jobs({}).paths, [odd]: { get: { operationId: "odd" } } }));
    expect(operations.map(({ operationId }) => operationId)).toEqual(["listJobs"]);
    expect(leftOut).toEqual([`GET ${odd}: ${reason}`]);
  });

  it("says which parameters may hold slashes, by their names and by their examples", async () => {
    const parameters = [path("vhost", { example: "/" }), path("name", { example: "a-queue" }), path("file_path")];
    const { notes } = await read(
      document({ "/queues/{vhost}/{name}/{file_path}": { parameters, get: { operationId: "getQueue" } } }),
    );
    expect(notes).toEqual([
      "{vhost} may hold slashes (policy.ts: encodedSlash)",
      "{file_path} may hold slashes (policy.ts: encodedSlash, or an override with {file_path...})",
    ]);
  });

  it("leaves out what clients never send or the gateway never forwards", async () => {
    const callbacks = { done: { "{$request.body#/url}": { post: {} } } };
    const item = { ...{ options: {}, trace: {} }, get: { operationId: "a", callbacks }, head: { operationId: "b" } };
    const { operations, leftOut } = await read({
      ...document({ "/a": item }),
      openapi: "3.1.0",
      webhooks: { w: { post: {} } },
    });
    expect(operations.map(({ method }) => method)).toEqual(["GET", "HEAD"]);
    expect(leftOut).toEqual([
      "OPTIONS /a: the gateway forwards no OPTIONS",
      "TRACE /a: the gateway forwards no TRACE",
      "callbacks of GET /a: requests that the API makes, not its clients",
      "webhooks: requests that the API makes, not its clients",
    ]);
  });
});

describe("references", () => {
  it("follows them to path items, parameters and schemas, through several", async () => {
    const source = document(
      { "/jobs/{id}": { $ref: "#/components/pathItems/job~1item" } },
      {
        components: {
          pathItems: {
            "job/item": { parameters: [{ $ref: "#/components/parameters/A" }], get: { operationId: "getJob" } },
          },
          parameters: {
            A: { $ref: "#/components/parameters/B" },
            B: { ...path("id"), schema: { $ref: "#/components/schemas/Id" } },
          },
          schemas: { Id: { type: "integer" } },
        },
      },
    );
    expect((await read(source)).operations[0]).toMatchObject({ operationId: "getJob", formats: { id: "integer" } });
  });

  it("reads a document whose schemas refer to themselves", async () => {
    const components = { schemas: { Node: { properties: { next: { $ref: "#/components/schemas/Node" } } } } };
    expect(await rowsOf({ ...jobs({}), components })).toEqual(["listJobs GET /jobs"]);
    const anchored =
      "openapi: 3.0.0\ninfo: {title: T}\npaths: {/a: {get: {operationId: a, x-self: &me {more: *me}}}}\n";
    expect((await importDocument(anchored)).operations).toHaveLength(1);
  });

  it("reports one that leads nowhere, in a circle or out of the document", async () => {
    const source = document(
      {
        "/a/{id}": { get: { operationId: "a", parameters: [{ $ref: "#/components/parameters/None" }] } },
        "/b": { $ref: "#/components/pathItems/P" },
        "/c": { $ref: "other.yaml#/c" },
      },
      { components: { pathItems: { P: { $ref: "#/components/pathItems/P" } } } },
    );
    expect(await faultsOf(JSON.stringify(source))).toEqual([
      "/paths/~1a~1{id}/get/parameters/0/$ref: #/components/parameters/None does not exist",
      "/paths/~1a~1{id}/get: the path has {id}, which no parameter defines",
      "/paths/~1b/$ref: #/components/pathItems/P leads back to itself",
      expect.stringContaining("/paths/~1c/$ref: other.yaml#/c is in another file: bundle the document"),
    ]);
  });
});

describe("faults", () => {
  it.each([
    ["an operation without an id", { "/a": { get: {} } }, "/paths/~1a/get: the operation has no operationId"],
    ["an operation that is no object", { "/a": { get: [] } }, "/paths/~1a/get: is no object"],
    ["a path that is no object", { "/a": 1 }, "/paths/~1a: is no object"],
    ["operations beside a $ref", { "/a": { $ref: "#/info", get: {} } }, "/paths/~1a: has operations beside its $ref"],
    [
      "an unknown extension",
      { "/a": { get: { "x-gatehouse-role": "x" } } },
      "/x-gatehouse-role: x-gatehouse-role is unknown",
    ],
    [
      "an extension out of its place",
      { "/a": { "x-gatehouse-effect": "safe" } },
      "/paths/~1a/x-gatehouse-effect: x-gatehouse-effect has a meaning in an operation only",
    ],
    [
      "an unknown effect",
      { "/a": { get: { "x-gatehouse-effect": "none" } } },
      "/x-gatehouse-effect: is neither safe nor mutating",
    ],
    [
      "a permission in small letters",
      { "/a": { get: { "x-gatehouse-permission": "job:read" } } },
      "/x-gatehouse-permission: is neither RESOURCE:ACTION in capitals nor null",
    ],
    [
      "a permission of Gatehouse",
      { "/a": { get: { "x-gatehouse-permission": "API_KEY:READ" } } },
      "/x-gatehouse-permission: API_KEY is a resource of Gatehouse itself",
    ],
    [
      "an undefined parameter",
      { "/a/{b}": { get: {} } },
      "/paths/~1a~1{b}/get: the path has {b}, which no parameter defines",
    ],
    [
      "a parameter that is not in the path",
      { "/a": { parameters: [path("b")], get: {} } },
      "/paths/~1a/parameters/0: the path parameter b is not in /a",
    ],
    [
      "a parameter without a name",
      { "/a": { parameters: [{ in: "path" }], get: {} } },
      "/paths/~1a/parameters/0: is no parameter with a name",
    ],
    ["parameters that are no list", { "/a": { get: { parameters: {} } } }, "/paths/~1a/get/parameters: is no array"],
    [
      "the console's path",
      { "/console/x": { get: {} } },
      "/paths/~1console~1x/get: /console/x is a path of Gatehouse itself",
    ],
    ["a well-known path of Gatehouse", { "/.well-known/gatehouse": { get: {} } }, "is a path of Gatehouse itself"],
    ["a management path", { "/api/public/v1/auth/self": { get: {} } }, "is a path of Gatehouse itself"],
  ])("reports %s", async (_, paths, fault) => {
    const texts = await faultsOf(JSON.stringify(document(paths)));
    expect(texts).toContainEqual(expect.stringContaining(fault));
  });

  it("reports management paths where MANAGEMENT_PREFIX says they are", async () => {
    const paths = {
      "/api/public/v1/auth/self": { get: { operationId: "a" } },
      "/Manage/auth/self": { get: { operationId: "b" } },
    };
    expect(await faultsOf(JSON.stringify(document(paths)), { managementPrefix: "/manage" })).toEqual([
      expect.stringContaining("/paths/~1Manage~1auth~1self/get: /Manage/auth/self is a path of Gatehouse itself"),
    ]);
  });

  it("reports the same id twice, and templates that match the same paths", async () => {
    const paths = {
      "/a/{x}": { get: { operationId: "one", parameters: [path("x")] } },
      "/a/{y}": { get: { operationId: "two", parameters: [path("y")] } },
      "/b": { get: { operationId: "three" }, post: { operationId: "three" } },
    };
    const conflict = "one (GET /a/{x}) and two (GET /a/{y}) match the same paths";
    expect(await faultsOf(JSON.stringify(document(paths)))).toEqual([
      "/paths/~1b/get: the operationId three is that of 2 operations",
      "/paths/~1b/post: the operationId three is that of 2 operations",
      `/paths/~1a~1{x}/get: ${conflict}`,
      `/paths/~1a~1{y}/get: ${conflict}`,
    ]);
  });

  it("reports all faults at once, each with its line", async () => {
    const text = [
      ...["openapi: 3.0.0", "info: {title: T}", "x-gatehouse-title: T", "paths:", "  /a:", "    get: {}"],
      ...["  /b/{id}:", "    post:", "      operationId: b", "      x-gatehouse-effect: maybe", ""],
    ].join("\n");
    await expect(importDocument(text)).rejects.toThrow(
      [
        "/paths/~1a/get (line 6): the operation has no operationId (--make-ids makes one from its method and path)",
        "/paths/~1b~1{id}/post (line 8): the path has {id}, which no parameter defines",
        "/paths/~1b~1{id}/post/x-gatehouse-effect (line 10): is neither safe nor mutating",
        "/x-gatehouse-title (line 3): x-gatehouse-title is unknown; known are x-gatehouse-permission, x-gatehouse-effect",
      ].join("\n"),
    );
  });

  it("reports a document without an operation, and a title without a name", async () => {
    expect(await faultsOf(JSON.stringify({ openapi: "3.0.0", info: { title: "API 2" }, paths: {} }))).toEqual([
      expect.stringContaining("/info/title: no name can be made from it"),
      "/paths: has no operation that the gateway could forward",
    ]);
  });

  it("makes ids that follow from method and path where it is asked to", async () => {
    const paths = {
      "/jobs/{job-id}/run": { post: { parameters: [path("job-id")] } },
      "/jobs": { get: { operationId: "" } },
    };
    expect(await rowsOf(document(paths), { makeIds: true })).toEqual([
      "postJobsByJobIdRun POST /jobs/{job-id}/run",
      "getJobs GET /jobs",
    ]);
  });
});

describe("extensions and words", () => {
  it("takes the permission and the effect that the document names", async () => {
    const searching = { "x-gatehouse-permission": "JOB:READ", "x-gatehouse-effect": "safe" };
    const paths = {
      "/search": { post: { operationId: "search", ...searching } },
      "/ping": { get: { operationId: "ping", "x-gatehouse-permission": null } },
    };
    const { operations, placed } = await read(document(paths));
    expect(operations).toMatchObject([{ permission: "JOB:READ", effect: "safe" }, { permission: null }]);
    expect([...placed]).toEqual([["JOB:READ", { placement: "viewer, developer", sensitive: false, because: null }]]);
  });

  it("says which parameters may name an account or hold slashes, and which POST may only read", async () => {
    const paths = {
      "/accounts/{account_id}/search": { post: { operationId: "search", parameters: [path("account_id")] } },
      "/files/{path}": { get: { operationId: "getFile", parameters: [path("path")] } },
    };
    expect((await read(document(paths))).notes).toEqual([
      "{account_id}, in 1 of the paths, may name the account (policy.ts: parameters)",
      'search: POST /accounts/{account_id}/search may only read (policy.ts: effect "safe")',
      "{path} may hold slashes (policy.ts: encodedSlash, or an override with {path...})",
    ]);
  });

  it("makes short words from tags and summaries", async () => {
    const paths = {
      "/node_pools": {
        get: { operationId: "a", tags: ["Node Pools"] },
        post: { operationId: "b", summary: "Add a pool. It\ntakes long." },
      },
      "/node_pools/{id}": { parameters: [path("id")], get: { operationId: "c" } },
      "/policies": { get: { operationId: "d", description: `${"Very ".repeat(20)}long` } },
    };
    expect((await read(document(paths))).words).toEqual({
      NODE_POOL: { title: "Node Pools", actions: { READ: "List and read node Pools", CREATE: "Add a pool" } },
      POLICY: { title: "Policies", actions: { READ: "List and read policies" } },
    });
  });

  it("leaves out the format of a parameter whose pattern could take long", async () => {
    const paths = { "/a/{id}": { get: { operationId: "a", parameters: [path("id", { pattern: "^(a+)+$" })] } } };
    const { operations, notes } = await read(document(paths));
    expect(operations[0]).not.toHaveProperty("formats");
    expect(notes).toEqual([
      "GET /a/{id}: id: the pattern ^(a+)+$ is not checked: a value can be made that takes long to match",
    ]);
  });
});
