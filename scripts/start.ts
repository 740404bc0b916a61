// `npm start`: the gateway on http://127.0.0.1:8787 in front of the demo API, or of UPSTREAM_URL. Keeps the secrets in
// .dev.vars and all other state in .dev/ between starts; prints a ready line and three commands to paste.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { decodeJwt } from "jose";
import { VIEWER } from "../src/core/access/roles.ts";
import { buildConsole } from "./build-console.ts";
import { declareSettings, readSettings, type Settings, toEnvFile } from "./dev-settings.ts";
import { freePort } from "./free-port.ts";
import { firstKey, newSecretVars } from "./secrets.ts";
import { ROOT, startWrangler, wranglerQuietly } from "./wrangler.ts";

const PORT = Number(process.env.PORT ?? 8787);
const GATEWAY = `http://127.0.0.1:${PORT}`;
const API = `${GATEWAY}/api/public/v1`;
// A folder each: two runtimes that open the same SQLite files at once find them locked.
const STATE = ["--persist-to", ".dev/state"];
const DEMO_STATE = ["--persist-to", ".dev/demo-state"];
/** wrangler picks free ports and takes them a moment later; on a busy machine another process may be quicker. */
const TRIES = 3;

const inDev = (name: string) => `${ROOT}.dev/${name}`;
const say = (text: string) => process.stdout.write(`${text}\n`);

interface AdminKey {
  readonly token: string;
  readonly accountId: string;
  readonly isNew: boolean;
}

/** Writes a file that only its owner may read. */
function keep(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
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

/** Writes the gateway's configuration for this start. @returns the arguments by which wrangler reads it */
function configure(settings: Settings): string[] {
  // Beside wrangler.toml, whose paths are relative.
  const config = ".wrangler.start.toml";
  writeFileSync(ROOT + config, declareSettings(readFileSync(`${ROOT}wrangler.toml`, "utf8"), settings));
  keep(inDev("settings"), toEnvFile(settings));
  return ["-c", config, "--env-file", ".dev/settings"];
}

/** The Admin key of the demo account; both are made with the first start. */
async function adminKey(keyRing: string): Promise<AdminKey> {
  const path = inDev("admin-key");
  if (existsSync(path)) {
    const token = readFileSync(path, "utf8").trim();
    return { token, accountId: String(decodeJwt(token).acc), isNew: false };
  }
  const { sql, token, accountId } = await firstKey(keyRing, "Demo account", crypto.randomUUID(), Date.now());
  keep(inDev("first-key.sql"), sql);
  await wranglerQuietly(["d1", "execute", "DB", "--local", ...STATE, "--yes", "--file", ".dev/first-key.sql"]);
  keep(path, `${token}\n`);
  return { token, accountId, isNew: true };
}

const children = new Set<ReturnType<typeof startWrangler>>();
let ready = false;
let stopping = false;

/** Serves a Worker until this process stops. */
async function serve(
  name: string,
  args: readonly string[],
  show = (_line: string) => {},
  tries = TRIES,
): Promise<void> {
  const inspector = ["--inspector-port", String(await freePort())];
  const quiet = ["--ip", "127.0.0.1", "--show-interactive-dev-session=false"];
  const child = startWrangler(["dev", ...args, ...inspector, ...quiet]);
  children.add(child);
  let lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines = [...lines.slice(-39), line];
      if (!/Address already in use/.test(line)) show(line);
    });
  }
  child.on("exit", (code, signal) => {
    children.delete(child);
    if (stopping) return;
    const output = lines.join("\n");
    if (!ready && tries > 1 && /Address already in use/.test(output)) return void serve(name, args, show, tries - 1);
    process.stderr.write(`${name} ended (${code ?? signal}). Its last lines:\n${output}\n`);
    stop(code || 1);
  });
}

function stop(code: number): void {
  if (stopping) return;
  stopping = true;
  for (const child of children) child.kill("SIGTERM");
  setTimeout(() => process.exit(code), 2_000);
  const ended = [...children].map((child) => child.exitCode ?? new Promise((done) => child.once("exit", done)));
  void Promise.all(ended).then(() => process.exit(code));
}

/** The gateway's own event lines, and errors; the rest of wrangler's output is for its developers. */
function showGatewayLine(line: string): void {
  // The requests of this script itself, before it is ready, are not shown.
  if ((ready && /^\d\d:\d\d:\d\d /.test(line)) || /\[ERROR\]|✘/.test(line)) say(line);
}

async function untilReady(url: string, name: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(150)) {
    const response = await fetch(url).catch(() => null);
    if (response !== null && response.status < 500) return;
  }
  throw new Error(`${name} did not come up within a minute`);
}

/** Sends a request with the Admin key. @returns the body; `null`: no success */
async function send<Body>(token: string, url: string, body?: object): Promise<Body | null> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(url, init);
  return response.ok ? ((await response.json()) as Body) : null;
}

/** The id of a Viewer key for the second command; a new one when the third command has revoked the last. */
async function viewerKeyId({ token, accountId }: AdminKey): Promise<string> {
  const keys = `${API}/accounts/${accountId}/api-keys`;
  const path = inDev("viewer-key");
  if (existsSync(path)) {
    const id = String(decodeJwt(readFileSync(path, "utf8")).jti);
    const known = await send<{ data: { info: { status: string } } }>(token, `${keys}/${id}`);
    if (known?.data.info.status === "ACTIVE") return id;
  }
  const spec = { name: "demo-viewer", expire_after_hours: 720, role_id: VIEWER.id };
  const created = await send<{ data: Item; jwt: string }>(token, keys, spec);
  if (created === null) throw new Error("the demo's Viewer key could not be created");
  keep(path, `${created.jwt}\n`);
  return created.data.info.id;
}

interface Item {
  readonly info: { readonly id: string };
}

/** The address of an active cluster of the demo API; `null`: there is none. */
async function firstCluster({ token, accountId }: AdminKey): Promise<string | null> {
  const account = await send<{ data: { info: { projects: Item[] } } }>(token, `${API}/account`);
  const base = `${API}/accounts/${accountId}/projects/${account?.data.info.projects[0]?.info.id}/clusters`;
  const id = (await send<{ data: Item[] }>(token, `${base}?state=ACTIVE`))?.data[0]?.info.id;
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
  const demoPort = own === undefined ? await freePort() : 0;
  const migrate = ["d1", "migrations", "apply", "DB", "--local"];
  await Promise.all([
    buildConsole(),
    wranglerQuietly([...migrate, ...STATE]),
    own === undefined ? wranglerQuietly([...migrate, ...DEMO_STATE, "-c", "demo/wrangler.toml"]) : null,
  ]);
  const admin = await adminKey(settings.KEY_RING);

  const upstream = own ?? `http://127.0.0.1:${demoPort}`;
  const demo = own === undefined ? { UPSTREAM_AUDIENCE: "gatehouse-demo", UPSTREAM_URL: upstream } : {};
  const defaults = { LOG_FORMAT: "pretty", LOG_SAMPLE: "1", DEFAULT_KEY_ROLE: "Admin" };
  const config = configure({ ...defaults, ...demo, ...settings });
  await serve("the gateway", ["--port", String(PORT), ...STATE, ...config], showGatewayLine);
  if (own === undefined) {
    const vars = ["--var", `GATEHOUSE_URL:${GATEWAY}`, "--var", "AUDIENCE:gatehouse-demo"];
    await serve("the demo API", ["-c", "demo/wrangler.toml", "--port", String(demoPort), ...DEMO_STATE, ...vars]);
    await untilReady(`${upstream}/`, "the demo API");
  }
  await untilReady(`${GATEWAY}/.well-known/gatehouse/health`, "the gateway");
  const viewerId = await viewerKeyId(admin);
  const cluster = own === undefined ? await firstCluster(admin) : null;
  ready = true;
  announce(admin, viewerId, own ?? "the demo API", cluster);
}

function announce({ token, accountId, isNew }: AdminKey, viewerId: string, upstream: string, cluster: string | null) {
  const account = `${API}/accounts/${accountId}`;
  const change = cluster === null ? `${account}/projects` : `${cluster}/pause`;
  const curl = (key: string, rest: string) => `curl -sS -H "Authorization: Bearer $(cat .dev/${key})" ${rest}`;
  if (isNew) say(`\nThe Admin key, shown this once and kept in .dev/admin-key (mode 0600):\n${token}`);
  say(`\nThe console: ${GATEWAY}/console/ (sign in with the key in .dev/admin-key)`);
  say(`\nReady: ${GATEWAY} in front of ${upstream}. Try, in this folder:\n`);
  say(`# a read, allowed\n${curl("admin-key", `${API}/account`)}\n`);
  say(`# a change, denied to a Viewer key\n${curl("viewer-key", `-X POST ${change}`)}\n`);
  say(`# revocation of that Viewer key\n${curl("admin-key", `-X POST ${account}/api-keys/${viewerId}/revoke`)}\n`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop(0));
// npm does not pass SIGTERM on to the process of its shell: stop when the parent has gone.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && stop(0), 500).unref();

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  stop(1);
});
