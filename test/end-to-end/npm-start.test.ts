// The first steps of a new user: `npm start`, the commands that it prints, and a second start. Also what must not be open, and what
// happens when its parts end.
import { statSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/free-port.ts";
import { copyProject, type ProjectCopy, type Started } from "../support/project-copy.ts";
import { startUpstream, type TestUpstream } from "../support/upstream.ts";

let project: ProjectCopy;
let port: number;
let started: Started;
beforeAll(async () => {
  project = copyProject();
  port = await freePort();
  started = await project.start(port);
}, 150_000);
afterAll(async () => {
  await started.stop();
  project.remove();
});

/** Runs a printed command. @returns status and body */
function run(command: string | undefined, within = project) {
  const output = within.shell(`${command} -w '\\n%{http_code}'`);
  const end = output.lastIndexOf("\n");
  return { status: Number(output.slice(end + 1)), body: output.slice(0, end) };
}

describe("npm start", () => {
  it("keeps the Admin key in a file of its owner, and shows no key where its output is no terminal", () => {
    const key = project.read(".dev/admin-key").trim();
    for (const file of ["admin-key", "admin-key.header", "viewer-key", "viewer-key.header"]) {
      expect(statSync(`${project.root}/.dev/${file}`).mode & 0o777).toBe(0o600);
    }
    expect(key).toMatch(/^eyJ/);
    expect(started.output).not.toMatch(/eyJ[\w-]{20}/);
    expect(started.commands.join("\n")).not.toContain("Bearer");
  });

  it("prints a read that is allowed, a change that is denied to a Viewer key, and the revocation of that key", async () => {
    const [reads, changes, revokes] = started.commands;
    const read = run(reads);
    expect([read.status, read.body]).toEqual([200, expect.stringContaining('"data"')]);
    const change = run(changes);
    expect([change.status, change.body]).toEqual([403, expect.stringContaining("CLUSTER:PAUSE")]);
    const revoked = run(revokes);
    expect([revoked.status, revoked.body]).toEqual([200, expect.stringContaining('"REVOKED"')]);
    expect(run(changes).status).toBe(401);
    await started.stop();
    started = await project.start(port);
    expect(run(started.commands[0]).body).toBe(read.body);
  }, 90_000);

  it("serves neither the databases, nor triggers, nor a debugger to other processes and pages", async () => {
    const paths = ["explorer", "explorer/api/d1/database", "local/explorer/api/d1/database", "handler/scheduled"];
    const more = ["mf/scheduled", "local/scheduled", "handler/email", "mf/reload", "ProxyWorker/play", "local/r2/s3/x"];
    const origin = `http://127.0.0.1:${port}`;
    for (const path of [...paths, ...more]) {
      const page = await fetch(`${origin}/cdn-cgi/${path}`, { headers: { origin: "http://localhost:3000" } });
      expect([path, page.status]).toEqual([path, 401]);
      expect(page.headers.get("access-control-allow-origin")).toBeNull();
    }
    const sql = { method: "POST", body: '{"sql":"SELECT * FROM api_keys"}' };
    const database = "00000000-0000-0000-0000-000000000001";
    for (const api of ["explorer/api", "local/explorer/api"]) {
      expect((await fetch(`${origin}/cdn-cgi/${api}/d1/database/${database}/raw`, sql)).status).toBe(401);
    }
    // The way by which this process itself reaches D1: its secret is made anew with every start.
    const proxy = `${origin}/cdn-cgi/local/platform-proxy`;
    for (const secret of ["", "00".repeat(16), "00".repeat(32)]) {
      const headers = { "mf-op": "GET", "mf-op-target": "env", "mf-op-secret": secret };
      expect([400, 401]).toContain((await fetch(proxy, { headers })).status);
    }
  });

  it("restarts the gateway and the demo API when their processes end, a few times", async () => {
    const read = started.commands[0];
    const parts = workerdsOf(started.pid);
    expect(parts).toHaveLength(2);
    for (const pid of parts) {
      const restarts = restartsOf(started.output);
      process.kill(pid, "SIGKILL");
      await expect.poll(() => restartsOf(started.output), { timeout: 30_000, interval: 100 }).toBe(restarts + 1);
      expect(run(read).status).toBe(200);
    }
    expect(started.output).toContain("The demo API had ended. It was started again and serves.");
    expect(started.output).toContain("The gateway had ended. It was started again and serves.");

    let isRunning = true;
    const code = started.ended.finally(() => {
      isRunning = false;
    });
    while (isRunning) {
      for (const pid of workerdsOf(started.pid)) process.kill(pid, "SIGKILL");
      await setTimeout(200);
    }
    expect(await code).toBe(1);
    expect(started.output).toMatch(/The (?:gateway|demo API) has ended 4 times within a minute\. npm start stops\./);
    started = await project.start(port);
  }, 150_000);

  it("says that the Admin key was revoked and how to get another, and continues", async () => {
    const key = project.read(".dev/admin-key").trim();
    const { jti, acc } = JSON.parse(Buffer.from(key.split(".")[1] ?? "", "base64url").toString());
    const revoke = `http://127.0.0.1:${port}/api/public/v1/accounts/${acc}/api-keys/${jti}/revoke?force=true`;
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    expect((await fetch(revoke, { method: "POST", headers, body: '{"force":true}' })).status).toBe(200);
    await started.stop();
    started = await project.start(port);
    expect(started.output).toContain("cannot manage API keys any more (401 key_revoked)");
    expect(started.output).toContain("npm run admin-key");
    expect((await fetch(`http://127.0.0.1:${port}/.well-known/gatehouse/health`)).status).toBe(200);
  }, 90_000);
});

/** The processes of workerd that another process has started. */
function workerdsOf(pid: number): readonly number[] {
  const lines = project.shell("ps -A -o pid=,ppid=,stat=,comm=").split("\n");
  const processes = lines.map((line) => line.trim().split(/\s+/));
  const own = processes.filter(([, parent, state = "", command = ""]) => {
    return Number(parent) === pid && command.includes("workerd") && !state.startsWith("Z");
  });
  return own.map(([id]) => Number(id));
}

const restartsOf = (output: string) => output.split("It was started again").length - 1;

/** Three operations of an API of one's own. */
const DOCUMENT = {
  openapi: "3.1.0",
  info: { title: "Things", version: "1" },
  servers: [{ url: "https://things.example.com/v2" }],
  paths: {
    "/things": { get: { operationId: "listThings" }, post: { operationId: "createThing" } },
    "/boxes/{box}": {
      parameters: [{ name: "box", in: "path", required: true, schema: { type: "string" } }],
      get: { operationId: "getBox" },
    },
  },
};

describe("npm start -- --api", () => {
  let own: ProjectCopy;
  let upstream: TestUpstream;
  let gateway: Started;
  let at: number;
  beforeAll(async () => {
    own = copyProject();
    upstream = await startUpstream();
    writeFileSync(`${own.root}/things.json`, JSON.stringify(DOCUMENT));
    expect(await own.run("api-import", "things.json", "--name", "mine")).toMatchObject({ code: 0 });
    at = await freePort();
    gateway = await own.start(at, ["--api", "mine"], { UPSTREAM_URL: upstream.url });
  }, 150_000);
  afterAll(async () => {
    await gateway.stop();
    await upstream.close();
    own.remove();
  });

  it("prints a read and a change of the API that was imported, and the roles that may call its operations", async () => {
    expect(gateway.output).toContain("Things (api/mine): 3 operations; Viewer may call 2, Developer 3, Admin all.");
    const [read, change] = gateway.commands;
    // Not in a shell, for which this process would wait: the upstream is in it.
    expect(read).toMatch(/^curl -sS -H @\.dev\/admin-key\.header http/);
    const headers = { authorization: `Bearer ${own.read(".dev/admin-key").trim()}` };
    const { status } = await fetch(String(read?.split(" ").at(-1)), { headers });
    expect([status, upstream.reached.at(-1)?.url]).toEqual([200, "/v2/things"]);
    expect(run(change, own)).toEqual({ status: 403, body: expect.stringContaining("THING:CREATE") });
  });

  it("says once what to write into the policy for a request that is not in the table", async () => {
    const curl = "curl -sS -H @.dev/admin-key.header";
    const requests = ["/v2/others", "/v2/others", "/v2/boxes/a%2Fb"];
    expect(requests.map((path) => run(`${curl} http://127.0.0.1:${at}${path}`, own).status)).toEqual([403, 403, 400]);
    const row =
      '{"operationId":"nameIt","method":"GET","path":"/v2/others","permission":"RESOURCE:ACTION","effect":"safe"}';
    await expect
      .poll(
        () =>
          gateway.output.split(
            `add ${row}, to the operations, and a new permission to the placement of api/mine/policy.ts`,
          ).length,
      )
      .toBe(2);
    await expect.poll(() => gateway.output).toContain('name the parameter in "encodedSlash" of api/mine/policy.ts');
  });

  it("ends for an API that is not there, and for another one in front of the demo", async () => {
    const missing = await own.run("start", "--api", "none");
    expect([missing.code, missing.output]).toEqual([1, expect.stringContaining("there is no api/none")]);
    const demo = await own.run("start", "--api", "mine");
    expect([demo.code, demo.output]).toEqual([1, expect.stringContaining("the demo API is not Things")]);
  });
});
