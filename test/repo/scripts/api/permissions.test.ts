// The permissions and placements that follow from methods and paths alone.
import { describe, expect, it } from "vitest";
import { derivePermissions, type Named } from "../../../../scripts/api/permissions.ts";
import { placePermissions } from "../../../../scripts/api/placement.ts";
import type { ApiOperation, Method } from "../../../../src/core/routing/api-description.ts";

const namedBy = (line: string): Named => {
  const [method = "", path = ""] = line.split(" ");
  return { method: method as Method, path };
};

/** Each line with the permission that it gets. */
function permissionsOf(lines: readonly string[], before: readonly (Named & { permission: string })[] = []) {
  const all = lines.map(namedBy);
  const derived = derivePermissions(all, all, { prefix: "/v1", name: "my-api", before });
  return all.map((row) => `${row.method} ${row.path} ${derived.get(row)?.permission}`);
}

const operationOf = (line: string): ApiOperation => {
  const [method = "", path = "", permission = ""] = line.split(" ");
  const effect = method === "GET" ? "safe" : "mutating";
  return { operationId: line, method: method as Method, path, permission, effect };
};

/** The placements of `METHOD PATH PERMISSION` lines, by permission; sensitive ones with an exclamation mark. */
function placesOf(...lines: readonly string[]): Readonly<Record<string, string>> {
  const placed = placePermissions(lines.map(operationOf), "/v1");
  return Object.fromEntries([...placed].map(([name, each]) => [name, `${each.placement}${each.sensitive ? "!" : ""}`]));
}

describe("derivePermissions", () => {
  it.each([
    [["GET /v1/jobs JOB:READ", "HEAD /v1/jobs JOB:READ", "POST /v1/jobs JOB:CREATE"]],
    [["GET /v1/jobs/{id} JOB:READ", "PUT /v1/jobs/{id} JOB:UPDATE", "PATCH /v1/jobs/{id} JOB:UPDATE"]],
    [["DELETE /v1/node-pools/{id} NODE_POOL:DELETE", "DELETE /v1/nodePools NODE_POOL:DELETE"]],
    [["POST /v1/jobs/{id}/dispatch JOB:DISPATCH", "POST /v1/jobs/{id}:cancel JOB:CANCEL"]],
    [["POST /v1/jobs:batchDelete JOB:BATCH_DELETE", "GET /v1/jobs JOB:READ"]],
    [["POST /v1/jobs/{id}/periodic/force JOB:PERIODIC_FORCE", "PUT /v1/dbs/{id}/resize DB:UPDATE"]],
    [["POST /v1/clusters/{id}/nodes NODE:CREATE", "GET /v1/clusters/{id}/nodes/{n} NODE:READ"]],
    [["POST /v1/jobs/{id} JOB:UPDATE", "GET /v1/jobs/{id}.json JOB:READ"]],
    [["POST /v1/jobs/{namespace} JOB:CREATE", "POST /v1/jobs/{namespace}/{name} JOB:UPDATE"]],
    [["POST /v1/deployment/pause/{id} DEPLOYMENT:PAUSE", "GET /v1/deployments DEPLOYMENT:READ"]],
    [["POST /v1/validate/job JOB:VALIDATE", "GET /v1/job/{id} JOB:READ"]],
    [["GET /v1/job/{id}/scale JOB:READ", "POST /v1/job/{id}/scale JOB:SCALE"]],
    [["GET /v1/projects/default PROJECT:READ", "GET /v1/projects/{id} PROJECT:READ"]],
    [["GET /v1/metrics/droplet/cpu METRIC:READ", "GET /v1/metrics/credentials CREDENTIAL:READ"]],
    [["POST /v1/jobs/{id}/refresh-token JOB:REFRESH_TOKEN", "GET /v1/jobs/{id}/refresh-token REFRESH_TOKEN:READ"]],
    [["GET /api/v2/status STATUS:READ", "GET /v1/ ROOT:READ"]],
    [["POST /v1/jobs/{id}/test-cases TEST_CASE:CREATE", "GET /v1/jobs/{id}/status JOB_STATUS:READ"]],
    [["GET /v1/addresses ADDRESS:READ", "GET /v1/dns DNS:READ", "GET /v1/caches CACHE:READ"]],
    [["POST /v1/dbs/{id}/backups/{b}/restore BACKUP:RESTORE", "GET /v1/dbs/{id}/backups/{b}/restore BACKUP:READ"]],
  ])("names %j", (lines) => {
    expect(permissionsOf(lines.map((line) => line.replace(/ [^ ]+$/, "")))).toEqual(lines);
  });

  it("gives two things with the same last word two names", () => {
    const lines = ["GET /v1/acl/policies ACL_POLICY:READ", "PUT /v1/acl/policy/{id} ACL_POLICY:UPDATE"];
    lines.push("GET /v1/scaling/policies SCALING_POLICY:READ");
    expect(permissionsOf(lines.map((line) => line.replace(/ [^ ]+$/, "")))).toEqual(lines);
  });

  it("reads a list below something else with the permission of what is listed, unless it is changed there", () => {
    const lines = ["GET /v1/nodes NODE:READ", "GET /v1/jobs/{id}/nodes NODE:READ"];
    lines.push("GET /v1/pools/{id}/nodes POOL_NODE:READ", "POST /v1/pools/{id}/nodes POOL_NODE:CREATE");
    expect(permissionsOf(lines.map((line) => line.replace(/ [^ ]+$/, "")))).toEqual(lines);
  });

  it("puts the name of the API in front of resources that Gatehouse has", () => {
    const lines = ["GET /v1/roles MY_API_ROLE:READ", "GET /v1/a/{id}/api-keys A_API_KEY:READ"];
    lines.push("GET /v1/1-clicks MY_API_1_CLICK:READ", "POST /v1/audit-events MY_API_AUDIT_EVENT:CREATE");
    expect(permissionsOf(lines.map((line) => line.replace(/ [^ ]+$/, "")))).toEqual(lines);
  });

  it("keeps the name of a resource when another comes that would have it", () => {
    const users = { ...namedBy("GET /v1/dbs/{id}/users"), permission: "USER:READ" };
    expect(permissionsOf(["GET /v1/dbs/{id}/users", "GET /v1/users", "POST /v1/users"], [users])).toEqual([
      "GET /v1/dbs/{id}/users USER:READ",
      "GET /v1/users MY_API_USER:READ",
      "POST /v1/users MY_API_USER:CREATE",
    ]);
  });

  it("does not keep a name that the path cannot have", () => {
    const jobs = { ...namedBy("GET /v1/jobs"), permission: "NODE:READ" };
    expect(permissionsOf(["GET /v1/jobs"], [jobs])).toEqual(["GET /v1/jobs JOB:READ"]);
  });
});

describe("placePermissions", () => {
  it("lets Viewers read and Developers change", () => {
    expect(placesOf("GET /v1/jobs JOB:READ", "POST /v1/jobs JOB:CREATE")).toEqual({
      "JOB:READ": "viewer, developer",
      "JOB:CREATE": "developer",
    });
  });

  it.each([
    ...[
      "/v1/clusters/{id}/kubeconfig",
      "/v1/registry/docker-credentials",
      "/v1/databases/{id}/users",
      "/v1/acl/token/{id}",
    ],
    ...[
      "/v1/vars",
      "/v1/spaces/keys",
      "/v1/users/{id}/password",
      "/v1/jobs/{id}/exec",
      "/v1/x/presigned-urls",
      "/v1/apiKeys",
    ],
  ])("leaves what a GET of %s returns to Admins, and says that it is sensitive", (path) => {
    expect(placesOf(`GET ${path} X:READ`)).toEqual({ "X:READ": "admin!" });
  });

  it.each(["/v1/jobs/{token}", "/v1/keys/{id}/agents", "/v1/monkeys", "/v1/users", "/v1/clusters"])(
    "lets a Viewer GET %s",
    (path) => expect(placesOf(`GET ${path} X:READ`)).toEqual({ "X:READ": "viewer, developer" }),
  );

  it.each([
    ["PUT /v1/users/{id}", "admin!"],
    ["POST /v1/acl/bootstrap", "admin!"],
    ["POST /v1/secrets", "admin!"],
    ["PUT /v1/billing/plan", "admin"],
    ["PUT /v1/operator/raft", "admin"],
    ["PUT /v1/system/gc", "admin"],
    ["PUT /v1/jobs/{user}", "developer"],
  ])("places %s as %s", (line, place) => {
    expect(placesOf(`${line} X:UPDATE`)).toEqual({ "X:UPDATE": place });
  });

  it("leaves all of a resource to Admins whose READ is theirs, since every permission implies READ", () => {
    expect(placesOf("GET /v1/vars X:READ", "POST /v1/things X:CREATE")).toEqual({
      "X:READ": "admin!",
      "X:CREATE": "admin!",
    });
  });

  it("places a permission by all of its operations", () => {
    expect(placesOf("GET /v1/jobs X:READ", "GET /v1/tokens X:READ")).toEqual({ "X:READ": "admin!" });
    expect(placesOf("POST /v1/jobs X:RUN", "GET /v1/jobs X:RUN")).toEqual({ "X:RUN": "developer" });
  });
});
