// The demo upstream over a real socket: which identity tokens it accepts, and the request sequences of Aeon's clients.
import { generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestHarness } from "wrangler";
import {
  ACCOUNT,
  AUDIENCE,
  type DemoGateway,
  HEADER,
  KEY_ID,
  OTHER_ACCOUNT,
  startDemoGateway,
  validClaims,
} from "../support/demo-gateway.ts";
import { type Answer, type Json, startUpstream, type Upstream } from "../support/demo-upstream.ts";

let gateway: DemoGateway;
let upstream: Upstream;

beforeAll(async () => {
  gateway = await startDemoGateway();
  upstream = await startUpstream(gateway);
});
afterAll(async () => {
  await upstream.close();
  await gateway.close();
});
beforeEach(() => upstream.empty());

const call: Upstream["call"] = (method, path, body) => upstream.call(method, path, body);
const send: Upstream["send"] = (method, path, headers, body) => upstream.send(method, path, headers, body);

/** The start of every client command: reads the account twice, for its id and for its one project. @returns the path */
async function readProjectPath(): Promise<string> {
  const first = await call("GET", "/account");
  const second = await call("GET", "/account");
  expect(second).toMatchObject({ status: 200, body: first.body });
  const { info } = second.body.data;
  expect(info).toMatchObject({ id: ACCOUNT, projects: [{ info: { id: expect.any(String) } }] });
  expect(info).not.toHaveProperty("roles");
  return `/accounts/${info.id}/projects/${info.projects[0].info.id}`;
}

function clusterSpec(name: string, changes: object = {}) {
  return {
    name,
    cluster_info: {
      cluster_tier: "PAID",
      fault_tolerance: "NONE",
      node_info: { num_cores: 2, memory_mb: 8192, disk_size_gb: 50 },
    },
    cluster_region_info: [{ placement_info: { cloud_info: { code: "GCP", region: "asia-south1" }, num_nodes: 1 } }],
    ...changes,
  };
}

async function createCluster(project: string, name: string, changes?: object): Promise<string> {
  const response = await call("POST", `${project}/clusters`, { cluster_spec: clusterSpec(name, changes) });
  expect(response.status).toBe(200);
  return `${project}/clusters/${response.body.data.info.id}`;
}

const NOW = Math.floor(Date.now() / 1000);
const ACCOUNT_CALL = ["GET", "/account"] as const;
const UNAUTHENTICATED = { error: { detail: "This API is served through Gatehouse only", status: 401 } };

describe("identity token check of the demo upstream", () => {
  it("rejects a request without an identity token", async () => {
    expect(await send("GET", "/account", {})).toMatchObject({ status: 401, body: UNAUTHENTICATED });
  });

  it.each([
    ["for another audience", { aud: "somebody-else" }],
    ["of another issuer", { iss: "somebody-else" }],
    ["that has expired", { iat: NOW - 120, exp: NOW - 60 }],
    ["without an expiry", { exp: undefined }],
    ["without an issue time", { iat: undefined }],
    ["without a subject", { sub: undefined }],
    ["without an account", { acc: undefined }],
    ["whose account is not a string", { acc: 7 }],
    ["without an id", { jti: undefined }],
    ["without a method", { method: undefined }],
    ["without a path", { path: undefined }],
    ["for another method", { method: "POST" }],
    ["for another path", { path: "/api/public/v1/accounts" }],
    ["for a longer path", { path: "/api/public/v1/account/" }],
    ["that does not say whether its role is built in", { role_built_in: undefined }],
    ["whose role is built in as text", { role_built_in: "true" }],
  ])("rejects an identity token %s", async (_, changes) => {
    const identity = await gateway.identity(ACCOUNT_CALL, changes);
    expect(await send("GET", "/account", { "Gatehouse-Identity": identity })).toMatchObject({
      status: 401,
      body: UNAUTHENTICATED,
    });
  });

  it.each([undefined, "JWT", "at+jwt", "gatehouse-audit-head+jwt"])(
    "rejects an identity token of the type %s",
    async (typ) => {
      const identity = await gateway.identity(ACCOUNT_CALL, {}, { typ });
      expect(await send("GET", "/account", { "Gatehouse-Identity": identity })).toMatchObject({ status: 401 });
    },
  );

  it("accepts an identity token for the request that it was signed for, with any query", async () => {
    const headers = { "Gatehouse-Identity": await gateway.identity(ACCOUNT_CALL) };
    expect(await send("GET", "/account?a=b", headers)).toMatchObject({ status: 200 });
    expect(await send("GET", "/accounts", headers)).toMatchObject({ status: 401 });
    expect(await send("PUT", "/account", headers)).toMatchObject({ status: 401 });
  });

  it("rejects an unsigned identity token", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const unsigned = `${part({ ...HEADER, alg: "none" })}.${part(validClaims(ACCOUNT_CALL))}.`;
    expect(await send("GET", "/account", { "Gatehouse-Identity": unsigned })).toMatchObject({
      status: 401,
      body: UNAUTHENTICATED,
    });
  });

  it("rejects an identity token signed by another key", async () => {
    const { privateKey } = await generateKeyPair("EdDSA");
    const forged = await new SignJWT(validClaims(ACCOUNT_CALL)).setProtectedHeader(HEADER).sign(privateKey);
    expect(await send("GET", "/account", { "Gatehouse-Identity": forged })).toMatchObject({
      status: 401,
      body: UNAUTHENTICATED,
    });
  });

  it("rejects a symmetric signature made with the published key", async () => {
    const published = await (await fetch(`${gateway.url}/.well-known/gatehouse/jwks.json`)).text();
    const confused = await new SignJWT(validClaims(ACCOUNT_CALL))
      .setProtectedHeader({ ...HEADER, alg: "HS256" })
      .sign(new TextEncoder().encode(published));
    expect(await send("GET", "/account", { "Gatehouse-Identity": confused })).toMatchObject({
      status: 401,
      body: UNAUTHENTICATED,
    });
  });

  it("rejects two identity tokens in one header", async () => {
    const twice = `${await gateway.identity(ACCOUNT_CALL)}, ${await gateway.identity(ACCOUNT_CALL)}`;
    expect(await send("GET", "/account", { "Gatehouse-Identity": twice })).toMatchObject({
      status: 401,
      body: UNAUTHENTICATED,
    });
  });

  it("rejects an unauthenticated request before it reveals whether a route exists", async () => {
    expect(await send("GET", "/no-such-thing", {})).toMatchObject({ status: 401 });
    const { status, body } = await call("GET", "/no-such-thing");
    expect({ status, body }).toEqual({
      status: 404,
      body: { error: { detail: "Requested API not found", status: 404 } },
    });
  });

  it("answers 404 for another account and for another account's project", async () => {
    const project = await readProjectPath();
    const crossed = `${project.replace(ACCOUNT, OTHER_ACCOUNT)}/clusters`;
    for (const path of [
      `/accounts/${ACCOUNT}/tasks`,
      `/accounts/${ACCOUNT}/projects`,
      `${project}/clusters`,
      crossed,
    ]) {
      const identity = await gateway.identity(["GET", path], { acc: OTHER_ACCOUNT });
      expect(await send("GET", path, { "Gatehouse-Identity": identity })).toMatchObject({ status: 404 });
    }
  });

  it("answers with the request id that the gateway sent, on a rejected request too", async () => {
    const id = { "Gatehouse-Request-Id": "req-1" };
    expect((await send("GET", "/account", id)).headers.get("Request-Id")).toBe("req-1");
    const identity = await gateway.identity(ACCOUNT_CALL);
    const known = { ...id, "Gatehouse-Identity": identity, "Gatehouse-Operation": "getCurrentAccount" };
    const response = await send("GET", "/account", known);
    expect(response).toMatchObject({ status: 200 });
    expect(response.headers.get("Request-Id")).toBe("req-1");
  });

  it("logs the principal and the operation and never the identity token", async () => {
    const identity = await gateway.identity(["GET", "/ping"]);
    await send("GET", "/ping", {
      "Gatehouse-Identity": identity,
      "Gatehouse-Request-Id": "req-2",
      "Gatehouse-Operation": "getPing",
    });
    const log = upstream.log();
    for (const fact of ["req-2", "getPing", KEY_ID, ACCOUNT]) expect(log).toContain(fact);
    expect(log).not.toContain(identity.split(".")[2]);
  });
});

describe("request sequences of Aeon's clients", () => {
  it("shows a new account its sample clusters with every member that the clients require", async () => {
    const project = await readProjectPath();
    const { status, headers, body } = await call("GET", `${project}/clusters`);
    expect(status).toBe(200);
    expect(headers.get("Content-Type")).toMatch(/^application\/json/);
    expect(body.data.map((c: Json) => [c.spec.name, c.info.state])).toEqual([
      ["merry-heron", "ACTIVE"],
      ["quiet-lynx", "PAUSED"],
    ]);
    const self = `/api/public/v1${project}/clusters`;
    expect(body._metadata).toEqual({ continuation_token: null, links: { self, next: null } });
    for (const { spec, info } of body.data) {
      expect(spec.cluster_info).toMatchObject({
        num_nodes: expect.any(Number),
        num_faults_to_tolerate: expect.any(Number),
        node_info: { num_cores: expect.any(Number), memory_mb: expect.any(Number), disk_size_gb: expect.any(Number) },
      });
      expect(spec.cluster_region_info[0].placement_info.cloud_info).toEqual(spec.cloud_info);
      for (const list of [info.cluster_endpoints, info.read_replica_info, info.health_info.notes]) {
        expect(list).toBeInstanceOf(Array);
      }
    }
  });

  it("creates one account for many concurrent first requests", async () => {
    const identity = { "Gatehouse-Identity": await gateway.identity(["GET", "/accounts"]) };
    const responses = await Promise.all(Array.from({ length: 40 }, () => send("GET", "/accounts", identity)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(responses.map(({ body }) => JSON.stringify(body.data))).size).toBe(1);
    const project = await readProjectPath();
    expect((await call("GET", `${project}/clusters`)).body.data).toHaveLength(2);
  });

  it("describes a cluster found by name and everything that belongs to it", async () => {
    const project = await readProjectPath();
    const { body } = await call("GET", `${project}/clusters?name=merry-heron`);
    expect(body.data).toHaveLength(1);
    const cluster = `${project}/clusters/${body.data[0].info.id}`;
    expect(await call("GET", `${cluster}/allow-lists`)).toMatchObject({ status: 200, body: { data: [] } });
    const nodes = await call("GET", `${cluster}/nodes`);
    expect(nodes.body.data.map((node: Json) => node.name)).toEqual([
      "merry-heron-n1",
      "merry-heron-n2",
      "merry-heron-n3",
    ]);
    expect(await call("GET", `${cluster}/cmks`)).toMatchObject({ status: 200, body: { data: null } });
    expect(await call("GET", cluster)).toMatchObject({ status: 200, body: { data: body.data[0] } });
  });

  it("lists no clusters for a name that does not match exactly", async () => {
    const project = await readProjectPath();
    for (const name of ["test", "merry", "MERRY-HERON"]) {
      expect(await call("GET", `${project}/clusters?name=${name}`)).toMatchObject({ status: 200, body: { data: [] } });
    }
  });

  it("pauses an active cluster once and resumes it once", async () => {
    const project = await readProjectPath();
    const { body } = await call("GET", `${project}/clusters?name=merry-heron`);
    const cluster = `${project}/clusters/${body.data[0].info.id}`;
    const notActive = { status: 409, body: { error: { detail: "Cluster is not in an active state", status: 409 } } };
    const notPaused = { status: 409, body: { error: { detail: "Cluster is not in paused state", status: 409 } } };

    expect(await call("POST", `${cluster}/resume`)).toMatchObject(notPaused);
    expect(await call("POST", `${cluster}/pause`)).toMatchObject({
      status: 200,
      body: { data: { info: { state: "PAUSING" } } },
    });
    expect(await call("POST", `${cluster}/pause`)).toMatchObject(notActive);
    expect(await call("POST", `${cluster}/resume`)).toMatchObject(notPaused);
    await upstream.settle();
    expect(await call("GET", cluster)).toMatchObject({ body: { data: { info: { state: "PAUSED" } } } });
    expect(await call("POST", `${cluster}/pause`)).toMatchObject(notActive);

    expect(await call("POST", `${cluster}/resume`)).toMatchObject({
      status: 200,
      body: { data: { info: { state: "RESUMING" } } },
    });
    await upstream.settle();
    expect(await call("GET", cluster)).toMatchObject({ body: { data: { info: { state: "ACTIVE" } } } });
  });

  it("accepts one of many concurrent pauses and creates one task", async () => {
    const project = await readProjectPath();
    const { body } = await call("GET", `${project}/clusters?name=merry-heron`);
    const { id } = body.data[0].info;
    const pauses = await Promise.all(Array.from({ length: 6 }, () => call("POST", `${project}/clusters/${id}/pause`)));
    expect(pauses.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
    const tasks = await call("GET", `/accounts/${ACCOUNT}/tasks?task_type=PAUSE_CLUSTER&entity_id=${id}`);
    expect(tasks.body.data).toHaveLength(1);
  });

  it("reports the creation of a cluster by its task", async () => {
    const project = await readProjectPath();
    const path = await createCluster(project, "brisk-otter");
    const id = path.split("/").at(-1);
    const projectId = project.split("/").at(-1);
    const query = `task_type=CREATE_CLUSTER&projectId=${projectId}&entity_id=${id}&entity_type=CLUSTER&limit=1`;
    const task = async () => (await call("GET", `/accounts/${ACCOUNT}/tasks?${query}`)).body.data[0].info;

    expect(await call("GET", path)).toMatchObject({
      body: { data: { info: { state: "CREATING", cluster_endpoints: [] } } },
    });
    expect((await task()).state).toBe("IN_PROGRESS");
    await upstream.settle();
    expect(await call("GET", path)).toMatchObject({
      body: { data: { info: { state: "ACTIVE", cluster_endpoints: [{ region: "asia-south1" }] } } },
    });
    expect(await task()).toMatchObject({
      state: "SUCCEEDED",
      task_progress_info: { actions: [{ percent_complete: 100 }] },
    });
  });

  it("stores no credentials of a new cluster", async () => {
    const project = await readProjectPath();
    const secret = "Y2FuYXJ5LXNlY3JldA==";
    const login = { username: "YWRtaW4=", password: secret };
    const body = { cluster_spec: clusterSpec("shy-mole"), encrypted_db_credentials: { ysql: login, ycql: login } };
    const response = await call("POST", `${project}/clusters`, body);
    expect(response.status).toBe(200);
    expect(JSON.stringify(response.body)).not.toContain(secret);
    expect(await upstream.stored("clusters")).not.toContain(secret);
  });

  it("deletes a cluster and frees its name", async () => {
    const project = await readProjectPath();
    const path = await createCluster(project, "brisk-otter");
    expect(await call("DELETE", path)).toMatchObject({ status: 204, body: null });
    expect(await call("GET", path)).toMatchObject({ body: { data: { info: { state: "DELETING" } } } });
    expect(await call("DELETE", path)).toMatchObject({ status: 409 });
    const again = { cluster_spec: clusterSpec("brisk-otter") };
    expect(await call("POST", `${project}/clusters`, again)).toMatchObject({ status: 409 });
    await upstream.settle();
    expect(await call("GET", path)).toMatchObject({ status: 404, body: { error: { detail: "Cluster not found" } } });
    expect(await call("GET", `${project}/clusters?name=brisk-otter`)).toMatchObject({ body: { data: [] } });
    expect(await call("POST", `${project}/clusters`, again)).toMatchObject({ status: 200 });
  });

  it("edits an active cluster only", async () => {
    const project = await readProjectPath();
    const path = await createCluster(project, "brisk-otter");
    const renamed = clusterSpec("calm-otter");
    expect(await call("PUT", path, renamed)).toMatchObject({ status: 409 });
    await upstream.settle();
    expect(await call("PUT", path, clusterSpec("merry-heron"))).toMatchObject({
      status: 409,
      body: { error: { detail: "A cluster with this name already exists" } },
    });
    expect(await call("PUT", path, renamed)).toMatchObject({
      status: 200,
      body: { data: { spec: { name: "calm-otter", cluster_info: { version: 2 } }, info: { state: "ACTIVE" } } },
    });
  });

  it("replaces all allow lists of a cluster by id", async () => {
    const project = await readProjectPath();
    const path = await createCluster(project, "brisk-otter");
    await upstream.settle();
    const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
    expect((await call("PUT", `${path}/allow-lists`, [one, two, one])).body.data).toHaveLength(2);
    const response = await call("PUT", `${path}/allow-lists`, [two]);
    expect(response).toMatchObject({ status: 200, body: { data: [{ info: { id: two, api_key_list: [] } }] } });
    expect((await call("GET", `${path}/allow-lists`)).body.data).toHaveLength(1);
    expect(await call("PUT", `${path}/allow-lists`, ["x"])).toMatchObject({ status: 400 });
  });

  it("keeps its state when the Worker restarts", async () => {
    const project = await readProjectPath();
    const path = await createCluster(project, "brisk-otter");
    await upstream.start();
    expect(await call("GET", path)).toMatchObject({ status: 200, body: { data: { spec: { name: "brisk-otter" } } } });
  });
});

describe("list operations of the demo upstream", () => {
  it("filters clusters by cloud, region, state, tier and VPC", async () => {
    const project = await readProjectPath();
    const vpc = await call("POST", `${project}/vpcs`, {
      spec: { name: "lake", cloud: "GCP", region_specs: [{ region: "us-east4", cidr: "10.7.0.0/24" }] },
    });
    const placement_info = {
      cloud_info: { code: "GCP", region: "us-east4" },
      num_nodes: 1,
      vpc_id: vpc.body.data.info.id,
    };
    await createCluster(project, "brisk-otter", {
      cluster_info: { cluster_tier: "FREE" },
      cluster_region_info: [{ placement_info }],
    });
    const named = async (query: string) =>
      (await call("GET", `${project}/clusters?order_by=name&${query}`)).body.data.map((c: Json) => c.spec.name);

    expect(await named("cloud=GCP")).toEqual(["brisk-otter", "quiet-lynx"]);
    expect(await named("region=us-west-2,us-east4")).toEqual(["brisk-otter", "merry-heron"]);
    expect(await named("state=PAUSED")).toEqual(["quiet-lynx"]);
    expect(await named("state=PAUSED&state=CREATING")).toEqual(["brisk-otter", "quiet-lynx"]);
    expect(await named("tier=FREE")).toEqual(["brisk-otter"]);
    expect(await named(`vpc_id=${placement_info.vpc_id}`)).toEqual(["brisk-otter"]);
    expect(await call("DELETE", `${project}/vpcs/${placement_info.vpc_id}`)).toMatchObject({ status: 409 });
  });

  it.each([
    ["order_by=name&order=asc", ["a-1", "a-2", "a-3", "merry-heron", "quiet-lynx"]],
    ["order_by=name&order=desc", ["quiet-lynx", "merry-heron", "a-3", "a-2", "a-1"]],
    ["order=asc", ["merry-heron", "quiet-lynx", "a-1", "a-2", "a-3"]],
  ])("pages through every cluster once by %s", async (query, expected) => {
    const project = await readProjectPath();
    for (const name of ["a-1", "a-2", "a-3"]) await createCluster(project, name);
    const seen: string[] = [];
    let next: string | null = `${project}/clusters?limit=2&${query}`;
    while (next !== null) {
      const { body }: Answer = await call("GET", next);
      seen.push(...body.data.map((cluster: Json) => cluster.spec.name));
      expect(body._metadata.links.next === null).toBe(body._metadata.continuation_token === null);
      next = body._metadata.links.next?.replace("/api/public/v1", "") ?? null;
    }
    expect(seen).toEqual(expected);
  });

  it("serves a backup from creation to deletion", async () => {
    const project = await readProjectPath();
    const { body } = await call("GET", `${project}/clusters`);
    const [heron, lynx] = body.data.map((cluster: Json) => cluster.info.id);
    expect(await call("POST", `${project}/backups`, { cluster_id: lynx })).toMatchObject({ status: 409 });
    const made = await call("POST", `${project}/backups`, { cluster_id: heron, retention_period_in_days: 2 });
    expect(made).toMatchObject({
      status: 200,
      body: { data: { info: { state: "IN_PROGRESS", cluster_name: "merry-heron" } } },
    });
    await upstream.settle();
    const listed = await call("GET", `${project}/backups?cluster_id=${heron}&state=SUCCEEDED`);
    const path = `${project}/backups/${listed.body.data[0].info.id}`;
    expect(await call("GET", path)).toMatchObject({ status: 200, body: { data: { info: { state: "SUCCEEDED" } } } });
    expect(await call("DELETE", path)).toMatchObject({ status: 204 });
    expect(await call("GET", path)).toMatchObject({ status: 404 });
  });

  it("serves VPCs, tracks, node configurations and ping", async () => {
    const project = await readProjectPath();
    const account = `/accounts/${ACCOUNT}`;
    const vpc = await call("POST", `${project}/vpcs`, { name: "lake", cloud: "AWS", parent_cidr: "10.7.0.0/16" });
    expect(vpc).toMatchObject({
      status: 200,
      body: { data: { info: { state: "ACTIVE", cluster_ids: [], peering_ids: [] } } },
    });
    const { id } = vpc.body.data.info;
    expect((await call("GET", `${project}/vpcs?ids=${id},${crypto.randomUUID()}`)).body.data).toHaveLength(1);
    expect(await call("GET", `${project}/vpcs/${id}`)).toMatchObject({ status: 200 });
    expect(await call("POST", `${project}/vpcs`, { name: "lake", cloud: "AWS" })).toMatchObject({ status: 409 });
    expect(await call("DELETE", `${project}/vpcs/${id}`)).toMatchObject({ status: 204 });
    expect(await call("DELETE", `${project}/vpcs/${id}`)).toMatchObject({ status: 404 });
    const types = await call("GET", `${account}/tasks`);
    expect(types.body.data.map((task: Json) => task.spec.task_type).sort()).toEqual(["CREATE_VPC", "DELETE_VPC"]);

    const tracks = await call("GET", `${account}/software-tracks`);
    const track = tracks.body.data[0];
    expect(await call("GET", `${account}/software-tracks/${track.info.id}`)).toMatchObject({ body: { data: track } });
    const kinds = `${account}/clusters/supported-node-configurations?cloud=AWS&tier=PAID&regions=us-west-2`;
    expect((await call("GET", kinds)).body.data["us-west-2"][0]).toMatchObject({ num_cores: 2, is_enabled: true });
    expect(await call("GET", "/ping")).toMatchObject({ status: 200 });
    expect((await call("GET", `${account}/projects`)).body.data).toHaveLength(1);
  });
});

describe("input validation of the demo upstream", () => {
  it("reports every field error of a body at once and repeats no value", async () => {
    const project = await readProjectPath();
    const cluster_spec = { name: "has space", cluster_info: { cluster_tier: "GOLD-PLATED" }, cluster_region_info: [] };
    const { status, body } = await call("POST", `${project}/clusters`, { cluster_spec });
    expect(status).toBe(400);
    expect(body.error.status).toBe(400);
    for (const place of [
      "cluster_spec.name",
      "cluster_spec.cluster_info.cluster_tier",
      "cluster_spec.cluster_region_info",
    ]) {
      expect(body.error.detail).toContain(place);
    }
    expect(body.error.detail).not.toMatch(/has space|GOLD-PLATED/);
  });

  it.each([
    ["no body", undefined],
    ["a truncated body", '{"cluster_spec":'],
    ["an empty object", "{}"],
    ["a body that is null", "null"],
  ])("answers 400 to %s", async (_, body) => {
    const project = await readProjectPath();
    for (const path of ["clusters", "backups", "vpcs"]) {
      expect(await call("POST", `${project}/${path}`, body)).toMatchObject({
        status: 400,
        body: { error: { status: 400 } },
      });
    }
  });

  it("answers 413 to a body that is too large", async () => {
    const project = await readProjectPath();
    expect(await call("POST", `${project}/vpcs`, `"${"x".repeat(300_000)}"`)).toMatchObject({ status: 413 });
  });

  it.each(["limit=0", "limit=x", "order=up", "order_by=color", "continuation_token=x", "continuation_token=e30"])(
    "answers 400 to a list by %s",
    async (query) => {
      const project = await readProjectPath();
      for (const list of [
        `${project}/clusters`,
        `${project}/vpcs`,
        `${project}/backups`,
        `/accounts/${ACCOUNT}/tasks`,
      ]) {
        expect(await call("GET", `${list}?${query}`)).toMatchObject({ status: 400 });
      }
    },
  );

  it("orders every list by name on request", async () => {
    const project = await readProjectPath();
    for (const list of [`${project}/clusters`, `${project}/vpcs`, `${project}/backups`, `/accounts/${ACCOUNT}/tasks`]) {
      expect(await call("GET", `${list}?order_by=name&limit=1000`)).toMatchObject({ status: 200 });
    }
  });

  it("answers 404 to an unknown id", async () => {
    const project = await readProjectPath();
    for (const thing of ["clusters", "backups", "vpcs"]) {
      expect(await call("GET", `${project}/${thing}/${crypto.randomUUID()}`)).toMatchObject({ status: 404 });
      expect(await call("DELETE", `${project}/${thing}/${crypto.randomUUID()}`)).toMatchObject({ status: 404 });
    }
    for (const act of ["pause", "resume"]) {
      expect(await call("POST", `${project}/clusters/${crypto.randomUUID()}/${act}`)).toMatchObject({ status: 404 });
    }
    expect(await call("PUT", `${project}/clusters/${crypto.randomUUID()}`, clusterSpec("x"))).toMatchObject({
      status: 404,
    });
  });

  it("rejects a cluster in an unknown VPC", async () => {
    const project = await readProjectPath();
    const placement_info = {
      cloud_info: { code: "AWS", region: "eu-west-1" },
      num_nodes: 1,
      vpc_id: crypto.randomUUID(),
    };
    const cluster_spec = clusterSpec("brisk-otter", { cluster_region_info: [{ placement_info }] });
    expect(await call("POST", `${project}/clusters`, { cluster_spec })).toMatchObject({
      status: 400,
      body: { error: { detail: expect.stringContaining("cluster_region_info.0.placement_info.vpc_id") } },
    });
  });
});

describe("key set of the demo upstream", () => {
  it("answers 503 to every identity token while the key set cannot be fetched", async () => {
    const identity = { "Gatehouse-Identity": await gateway.identity(ACCOUNT_CALL) };
    await upstream.start({ GATEHOUSE_URL: "http://127.0.0.1:1" });
    expect(await send("GET", "/account", identity)).toMatchObject({ status: 503, body: { error: { status: 503 } } });
    expect(await send("GET", "/account", {})).toMatchObject({ status: 401 });
    await upstream.start();
    expect(await send("GET", "/account", identity)).toMatchObject({ status: 200 });
  });

  it("answers 503 to every request while the gateway's address is not configured", async () => {
    await upstream.start({ GATEHOUSE_URL: "", AUDIENCE: "" });
    expect(await send("GET", "/account", {})).toMatchObject({ status: 503 });
    expect(upstream.log()).toMatch(/GATEHOUSE_URL.*AUDIENCE/);
    await upstream.start();
    expect(await call("GET", "/account")).toMatchObject({ status: 200 });
  });

  it("fetches the key set through a service binding when the gateway is bound", async () => {
    const common = { compatibility_date: "2026-10-20" };
    const vars = { JWKS: await (await fetch(`${gateway.url}/.well-known/gatehouse/jwks.json`)).json() };
    const d1_databases = [{ binding: "DB", database_id: "bound", migrations_dir: "demo/migrations" }];
    const services = [{ binding: "GATEHOUSE", service: "gateway" }];
    const bound = { name: "demo", main: "./demo/src/index.ts", vars: { AUDIENCE }, d1_databases, services, ...common };
    const stub = { name: "gateway", main: "./test/support/demo-gateway-worker.ts", vars, ...common };
    const harness = createTestHarness({ workers: [{ config: bound }, { config: stub }] });
    try {
      const { url } = await harness.listen();
      await harness.getWorker("demo").applyD1Migrations("DB");
      const headers = { "Gatehouse-Identity": await gateway.identity(ACCOUNT_CALL) };
      const { status } = await fetch(new URL("/api/public/v1/account", url), { headers });
      expect(status).toBe(200);
    } finally {
      await harness.close();
    }
  });
});
