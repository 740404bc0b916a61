// Real APIs behind the tables that were imported from their documents: RabbitMQ's management API, and etcd's gateway.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCOUNT } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import type { SeededKey } from "../support/seed.ts";
import { Behind, codeOf, linesOf } from "./behind.ts";
import { playDocument } from "./play-document.ts";
import { build, converse, SCRATCH } from "./scratch.ts";

const [rabbit, etcd] = [new Behind(), new Behind()];
beforeAll(() => Promise.all([rabbit.start("RabbitMQ"), etcd.start("etcd")]), 120_000);
afterAll(() => Promise.all([rabbit.close(), etcd.close()]), 60_000);

describe("RabbitMQ's management API", () => {
  const NAMES = ["two words", "a@b:c", "café", "日本", "a/b", "/"];
  const queue = (name: string) => `/api/queues/%2F/${encodeURIComponent(name)}`;
  const queues = async () => {
    const response = await rabbit.send(rabbit.admin, "GET", "/api/queues/%2F?columns=name");
    return ((await response.json()) as { name: string }[]).map(({ name }) => name);
  };

  it.for(NAMES)("serves a queue named %j in the default virtual host", async (name, context) => {
    rabbit.required(context);
    const { admin, viewer } = rabbit;
    const json = async (...request: Parameters<Behind["send"]>) => (await rabbit.send(...request)).json();
    expect((await rabbit.send(admin, "PUT", queue(name), {})).status).toBe(201);
    const message = { routing_key: name, payload: `to ${name}`, payload_encoding: "string", properties: {} };
    expect(await json(admin, "POST", "/api/exchanges/%2F/amq.default/publish", message)).toEqual({ routed: true });
    expect(await json(viewer, "GET", `${queue(name)}?columns=name,vhost`)).toEqual({ name, vhost: "/" });
    const take = { count: 1, ackmode: "ack_requeue_false", encoding: "auto" };
    expect(await json(admin, "POST", `${queue(name)}/get`, take)).toMatchObject([{ payload: `to ${name}` }]);
    expect((await rabbit.send(admin, "DELETE", queue(name))).status).toBe(204);
    expect((await rabbit.send(viewer, "GET", queue(name))).status).toBe(404);
  });

  it("denies a Viewer key whatever changes a queue", async (context) => {
    rabbit.required(context);
    const changes = [
      ["PUT", queue("kept")],
      ["DELETE", queue("kept")],
      ["DELETE", `${queue("kept")}/contents`],
      ["POST", `${queue("kept")}/get`],
      ["POST", "/api/exchanges/%2F/amq.default/publish"],
      ["POST", `/api/bindings/%2F/e/amq.topic/q/kept`],
    ] as const;
    await rabbit.send(rabbit.admin, "PUT", queue("kept"), {});
    for (const [method, path] of changes) {
      const response = await rabbit.send(rabbit.viewer, method, path, {});
      expect([method, path, response.status, await codeOf(response)]).toEqual([
        method,
        path,
        403,
        "permission_missing",
      ]);
    }
    expect(await queues()).toEqual(["kept"]);
    await rabbit.send(rabbit.admin, "DELETE", queue("kept"));
  });

  const WRONG = ["%2e%2e", "..%2F..", "a%2F..%2Fb", "%00", "%25", "%252F", "a%5Cb", "%ff", "%41", "a;b"];
  it.for(WRONG)("denies a queue named %s, and nothing of it reaches the server", async (name, context) => {
    rabbit.required(context);
    const authorization = `Authorization: Bearer ${rabbit.admin.token}`;
    const lines = [authorization, "Content-Type: application/json", "Content-Length: 2"];
    const request = rawRequest(`PUT /api/queues/%2F/${name} HTTP/1.1`, lines, "{}");
    const response = await sendRaw(rabbit.gateway.port, request);
    expect([response.status, /"code":"(\w+)"/.exec(response.body)?.[1]]).toEqual([400, "path_not_canonical"]);
    expect(await queues()).toEqual([]);
  });

  it("denies an encoded slash in what is no name of RabbitMQ's", async (context) => {
    rabbit.required(context);
    for (const path of ["/api%2Fqueues/%2F/a", "/api/queues%2F%2F/a", "/api/bindings/%2F/e/amq.topic/q%2Fa"])
      expect([path, (await rabbit.send(rabbit.admin, "GET", path)).status]).toEqual([path, 400]);
  });

  it("works with a client library of RabbitMQ's", { timeout: 120_000 }, async (context) => {
    rabbit.required(context);
    let folder: string;
    try {
      const install = "bin/pip install --quiet --disable-pip-version-check --retries=0 pyrabbit2==1.0.7";
      folder = build("clients", "rabbitmq", "sh", "-c", `[ -e bin/pip ] || python3 -m venv . && ${install}`);
    } catch {
      return context.skip("left out: pyrabbit2 cannot be installed");
    }
    const command = [join(folder, "bin/python"), join(folder, "rabbitmq.py")];
    const address = [`127.0.0.1:${rabbit.gateway.port}`, rabbit.admin.token];
    const printed = await converse([...command, ...address], JSON.stringify(NAMES));
    expect(JSON.parse(printed)).toEqual({
      vhosts: ["/"],
      queues: NAMES.map((name) => [name, true, ["", "amq.topic"], [`to ${name}`]]),
    });
  });
});

describe("etcd's gateway", () => {
  const put = (key: SeededKey, value: string) =>
    etcd.send(key, "POST", "/v3/kv/put", { key: btoa("name"), value: btoa(value) });
  const range = (key: SeededKey) => etcd.send(key, "POST", "/v3/kv/range", { key: btoa("name") });

  it("lets a Viewer key read by POST, and denies it to write", async (context) => {
    etcd.required(context);
    expect((await put(etcd.admin, "first")).status).toBe(200);
    const denied = await put(etcd.viewer, "second");
    expect([denied.status, await codeOf(denied)]).toEqual([403, "permission_missing"]);
    expect(await (await range(etcd.viewer)).json()).toMatchObject({ kvs: [{ value: btoa("first") }], count: "1" });
    for (const [method, path] of [
      ["GET", "/v3/kv/range"],
      ["POST", "/v3/kv/range/"],
      ["POST", "/v3/maintenance/snapshot"],
    ] as const)
      expect([path, (await etcd.send(etcd.admin, method, path)).ok]).toEqual([path, false]);
  });

  it("passes the events of a watch while it is open, and ends it when its key is revoked", async (context) => {
    etcd.required(context);
    const { id, token } = await etcd.gateway.key({ role: "Viewer" });
    const watch = { create_request: { key: btoa("name") } };
    // Miniflare's proxy, in front of its other address, would code the response and hold the events back.
    const response = await fetch(`http://127.0.0.1:${etcd.gateway.port}/v3/watch`, {
      ...{ method: "POST", body: JSON.stringify(watch) },
      headers: { authorization: `Bearer ${token}` },
    });
    const events = linesOf(response);
    expect(JSON.parse(await events.next())).toMatchObject({ result: { created: true } });
    for (const value of ["one", "two"]) {
      await put(etcd.admin, value);
      expect(JSON.parse(await events.next())).toMatchObject({ result: { events: [{ kv: { value: btoa(value) } }] } });
    }
    const revoke = `/api/public/v1/accounts/${ACCOUNT}/api-keys/${id}/revoke`;
    expect((await etcd.send(etcd.admin, "POST", revoke)).status).toBe(200);
    const revoked = performance.now();
    // Nothing is written meanwhile: an idle stream ends as well.
    await expect(events.next()).rejects.toThrow();
    expect(performance.now() - revoked).toBeLessThan(15_000);
  });
});

describe("Prism", () => {
  it("answers every operation of a document as it does to a direct call", { timeout: 120_000 }, async ({ skip }) => {
    if (!existsSync(join(SCRATCH, "servers-prism/node_modules")))
      skip("left out: Prism is not installed; npm run compat -- --documents DIR installs it");
    const report = await playDocument("test/compat/documents/etcd.yaml");
    const viewer = { passes: 2, changes: 2, secrets: 0 };
    expect(report).toMatchObject({ ...{ operations: 4, same: 4, viewer }, problems: [] });
    expect([...report.statuses]).toEqual([[200, 4]]);
  });
});
