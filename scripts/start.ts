// `npm start`: the gateway on http://127.0.0.1:8787 in front of the demo API, or of UPSTREAM_URL. Keeps the secrets in
// .dev.vars and all other state in .dev/ between starts; prints a ready line and three commands to paste. `-- --api NAME` takes the
// table of another API than that of api/index.ts.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { VIEWER } from "../src/core/access/roles.ts";
import type { Api } from "../src/core/routing/api-description.ts";
import { DEFAULT_MANAGEMENT_PREFIX } from "../src/core/routing/gatehouse-operations.ts";
import { chosenApi, loadApi } from "./api/chosen-api.ts";
import { examplesOf, mayCall } from "./api/examples.ts";
import { buildConsole } from "./build-console.ts";
import { readSettings, type Settings } from "./dev-settings.ts";
import { freePort } from "./free-port.ts";
import { LOCAL_STATE, type LocalWorker, type RunningWorker, startLocalWorker } from "./local-worker.ts";
import { keep, keepKey, readKept } from "./private-files.ts";
import { firstKey, newSecretVars } from "./secrets.ts";
import { targetOf } from "./target.ts";
import { ROOT, wranglerQuietly } from "./wrangler.ts";

const PORT = Number(process.env.PORT ?? 8787);
const GATEWAY = `http://127.0.0.1:${PORT}`;
// A folder of its own: two runtimes that open the same SQLite files at once find them locked.
const DEMO = { config: "demo/wrangler.toml", state: ".dev/demo-state" };
const DEMO_AUDIENCE = "gatehouse-demo";
const MAINTENANCE_MS = 60_000;
/** How often a part may end within so many milliseconds before it is given up. */
const RESTARTS = { most: 3, withinMs: 60_000 };

const inDev = (name: string) => `${ROOT}.dev/${name}`;
const say = (text: string) => process.stdout.write(`${text}\n`);

interface AdminKey {
  readonly token: string;
  readonly accountId: string;
  readonly isNew: boolean;
}

/** The settings of the gateway, with its two secrets, which are made with the first start. */
async function localSettings(): Promise<Settings & { readonly KEY_RING: string }> {
  const path = `${ROOT}.dev.vars`;
  if (!existsSync(path)) keep(path, await newSecretVars());
  const settings = readSettings(readFileSync(path, "utf8"), process.env);
  const { KEY_RING } = settings;
  if (KEY_RING === undefined) throw new Error(".dev.vars has no KEY_RING: delete the file, and a new one is made");
  return { ...settings, KEY_RING };
}

/** The Admin key of the demo account; both are made with the first start. */
async function adminKey(keyRing: string): Promise<AdminKey> {
  if (existsSync(inDev("admin-key"))) {
    const token = readFileSync(inDev("admin-key"), "utf8").trim();
    keepKey("admin-key", token);
    return { token, accountId: String(readKept("admin-key")?.acc), isNew: false };
  }
  const { statements, token, accountId } = await firstKey(keyRing, "Demo account", crypto.randomUUID(), Date.now());
  const target = targetOf(false);
  await target.execute(statements).finally(() => target.close());
  keepKey("admin-key", token);
  return { token, accountId, isNew: true };
}

let management = GATEWAY + DEFAULT_MANAGEMENT_PREFIX;
const running: RunningWorker[] = [];
let ready = false;
let stopping = false;

/** Serves a Worker until this process stops. Its process is started again when it ends, unless it does so again and again. */
async function serve(name: string, worker: Omit<LocalWorker, "onEnd">): Promise<RunningWorker> {
  let ends: readonly number[] = [];
  const onEnd = (error: Error | null) => {
    if (stopping) return;
    const now = performance.now();
    ends = [...ends, now].filter((time) => time > now - RESTARTS.withinMs);
    if (ends.length > RESTARTS.most)
      return giveUp(`${name} has ended ${ends.length} times within a minute. npm start stops.`);
    if (error === null) return again();
    started.restart().then(again, onEnd);
  };
  const again = () => say(`${name} had ended. It was started again and serves.`);
  const started = await startLocalWorker({ ...worker, onEnd });
  running.push(started);
  return started;
}

function giveUp(message: string): void {
  process.stderr.write(`${message}\n`);
  stop(1);
}

/** Runs the scheduled maintenance. While the part starts again there is nobody who could; the next minute makes up for it. */
function maintain(worker: RunningWorker): void {
  worker.scheduled().catch(({ message }: Error) => {
    if (!stopping) say(`Maintenance was left out this minute: ${message}`);
  });
}

function stop(code: number): void {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(code), 2_000);
  void Promise.all(running.map((worker) => worker.stop())).then(() => process.exit(code));
}

/** Sends a request with the Admin key. @returns the body; its status and error code: no success */
async function send<Body>(token: string, url: string, body?: object): Promise<Body | Failed> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(url, init);
  if (response.ok) return (await response.json()) as Body;
  const { error } = (await response.json().catch(() => ({}))) as { error?: { code?: string } };
  return new Failed(`${response.status} ${error?.code ?? ""}`.trim());
}

class Failed extends Error {}

/** The id of a Viewer key for the second command; a new one when the third command has revoked the last. */
async function viewerKeyId({ token, accountId }: AdminKey): Promise<string | Failed> {
  const keys = `${management}/accounts/${accountId}/api-keys`;
  const id = readKept("viewer-key")?.jti;
  if (typeof id === "string") {
    const known = await send<{ data: { info: { status: string } } }>(token, `${keys}/${id}`);
    if (!(known instanceof Failed) && known.data.info.status === "ACTIVE") return id;
  }
  const spec = { name: "demo-viewer", expire_after_hours: 720, role_id: VIEWER.id };
  const created = await send<{ data: Item; jwt: string }>(token, keys, spec);
  if (created instanceof Failed) return created;
  keepKey("viewer-key", created.jwt);
  return created.data.info.id;
}

interface Item {
  readonly info: { readonly id: string };
}

/** The address of an active cluster of the demo API; `null`: there is none. */
async function firstCluster({ token, accountId }: AdminKey): Promise<string | null> {
  const account = await send<{ data: { info: { projects: Item[] } } }>(token, `${GATEWAY}/api/public/v1/account`);
  if (account instanceof Failed) return null;
  const base = `${GATEWAY}/api/public/v1/accounts/${accountId}/projects/${account.data.info.projects[0]?.info.id}/clusters`;
  const clusters = await send<{ data: Item[] }>(token, `${base}?state=ACTIVE`);
  const id = clusters instanceof Failed ? undefined : clusters.data[0]?.info.id;
  return id === undefined ? null : `${base}/${id}`;
}

async function main(): Promise<void> {
  await freePort(PORT).catch(() => {
    throw new Error(`port ${PORT} is taken: PORT=8788 npm start uses another one`);
  });
  mkdirSync(inDev(""), { recursive: true, mode: 0o700 });
  say("Gatehouse is starting ...");
  const settings = await localSettings();
  const own = settings.UPSTREAM_URL;
  const chosen = chosenApi();
  const api = await loadApi(chosen, settings.MANAGEMENT_PREFIX);
  if (own === undefined && api.name !== "aeon") {
    throw new Error(
      `the demo API is not ${api.title}: UPSTREAM_URL=https://api.example.com npm start -- --api ${api.name}`,
    );
  }
  const prefix = settings.MANAGEMENT_PREFIX ?? DEFAULT_MANAGEMENT_PREFIX;
  if (!prefix.startsWith("/")) throw new Error("MANAGEMENT_PREFIX must be a path such as /gatehouse/v1");
  management = GATEWAY + prefix;
  const migrate = ["d1", "migrations", "apply", "DB", "--local", "--persist-to"];
  await Promise.all([
    buildConsole(),
    wranglerQuietly([...migrate, LOCAL_STATE]),
    own === undefined ? wranglerQuietly([...migrate, DEMO.state, "-c", DEMO.config]) : null,
  ]);
  const admin = await adminKey(settings.KEY_RING);

  let demo: Settings = {};
  if (own === undefined) {
    const vars = { GATEHOUSE_URL: GATEWAY, AUDIENCE: DEMO_AUDIENCE };
    // A port of its own that stays when it is started again.
    const { origin } = await serve("The demo API", { ...DEMO, port: await freePort(), vars, onLog: () => {} });
    demo = { UPSTREAM_AUDIENCE: DEMO_AUDIENCE, UPSTREAM_URL: origin };
  }
  const defaults = { LOG_FORMAT: "pretty", LOG_SAMPLE: "1", DEFAULT_KEY_ROLE: "Admin" };
  const gateway = await serve("The gateway", {
    ...{ config: "wrangler.toml", state: LOCAL_STATE, port: PORT, api: chosen },
    vars: { ...defaults, ...demo, ...settings },
    // The requests of this script itself are not shown.
    onLog: (line) => ready && sayRequest(line, api),
  });
  maintain(gateway);
  setInterval(() => maintain(gateway), MAINTENANCE_MS).unref();

  const viewerId = await viewerKeyId(admin);
  const cluster = own === undefined ? await firstCluster(admin) : null;
  ready = true;
  if (viewerId instanceof Failed) announceWithoutKey(viewerId, own ?? "the demo API");
  else announce(admin, viewerId, own ?? "the demo API", cluster, api);
}

function announce(
  { token, accountId, isNew }: AdminKey,
  viewerId: string,
  upstream: string,
  cluster: string | null,
  api: Api,
) {
  const account = `${management}/accounts/${accountId}`;
  const { read, change } = examplesOf(api, accountId);
  const paused = cluster === null ? null : { method: "POST", path: `${cluster}/pause`.slice(GATEWAY.length) };
  const denied = paused ?? change;
  const curl = (key: string, rest: string) => `curl -sS -H @.dev/${key}.header ${rest}`;
  if (isNew) say(`\nThe Admin key is in .dev/admin-key (mode 0600).${process.stdout.isTTY ? ` It is\n${token}` : ""}`);
  say(`\nThe console: ${GATEWAY}/console/ (sign in with the key in .dev/admin-key)`);
  const may = (role: "viewer" | "developer") => api.operations.filter((each) => mayCall(api, role, each)).length;
  const roles = `Viewer may call ${may("viewer")}, Developer ${may("developer")}, Admin all`;
  say(`\n${api.title} (api/${api.name}): ${api.operations.length} operations; ${roles}.`);
  say(`\nReady: ${GATEWAY} in front of ${upstream}. Try, in this folder:\n`);
  if (read !== null) say(`# a read, allowed\n${curl("admin-key", GATEWAY + read.path)}\n`);
  if (denied !== null) {
    const request = `-X ${denied.method} ${GATEWAY}${denied.path}`;
    say(`# a change, denied to a Viewer key\n${curl("viewer-key", request)}\n`);
  }
  say(`# revocation of that Viewer key\n${curl("admin-key", `-X POST ${account}/api-keys/${viewerId}/revoke`)}\n`);
}

const shown = new Set<string>();

/** Shows a line of the log, and, once, what to write into the policy for a request that the table does not have. */
function sayRequest(line: string, api: Api): void {
  say(line);
  const [request, method = "", path = ""] = /\b([A-Z]+) (\/\S*)/.exec(stripVTControlCharacters(line)) ?? [];
  if (request === undefined || shown.has(request)) return;
  const hint = hintFor(line, method, path);
  if (hint === null) return;
  shown.add(request);
  say(`         not in api/${api.name}. To have it there, ${hint} of api/${api.name}/policy.ts`);
}

function hintFor(line: string, method: string, path: string): string | null {
  if (line.includes("path_not_canonical") && /%2F/i.test(path)) return 'name the parameter in "encodedSlash"';
  if (!/operation_unknown|operation=unknown/.test(line)) return null;
  const effect = method === "GET" || method === "HEAD" ? "safe" : "mutating";
  const row = { operationId: "nameIt", method, path, permission: "RESOURCE:ACTION", effect };
  return `add ${JSON.stringify(row)}, to the operations, and a new permission to the placement`;
}

function announceWithoutKey({ message }: Failed, upstream: string): void {
  say(`\nReady: ${GATEWAY} in front of ${upstream}.`);
  say(`\nThe key in .dev/admin-key cannot manage API keys any more (${message}).`);
  say("Stop this, and `npm run admin-key` makes a new Admin key in its place.\n");
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop(0));
// npm does not pass SIGTERM on to the process of its shell: stop when the parent has gone.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && stop(0), 500).unref();

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  stop(1);
});
