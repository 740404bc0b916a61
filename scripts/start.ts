// `npm start`: the door on http://127.0.0.1:8787 with the demo API behind it, or with UPSTREAM_URL. Keeps all state
// between starts in .dev/ and .wrangler/; prints a ready line and three commands to paste.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { buildConsole } from "./build-console.ts";
import { declareSettings, readSettings, type Settings, toEnvFile } from "./dev-settings.ts";
import { firstKey, newIdentityKeys, newKeyRing } from "./secrets.ts";
import { ROOT, startWrangler, wranglerQuietly } from "./wrangler.ts";

const PORT = Number(process.env.PORT ?? 8787);
const DOOR = `http://127.0.0.1:${PORT}`;
// A folder each: two runtimes that open the same SQLite files at once find them locked.
const STATE = ["--persist-to", ".dev/state"];
const DEMO_STATE = ["--persist-to", ".dev/demo-state"];
const inDev = (name: string) => `${ROOT}.dev/${name}`;
const say = (text: string) => process.stdout.write(`${text}\n`);

/** Write a file that only its owner may read. */
function keep(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
}

/** The settings of the gateway, with its two secrets, which are made with the first start. */
async function localSettings(): Promise<Settings & { readonly KEY_RING: string }> {
  const path = `${ROOT}.dev.vars`;
  if (!existsSync(path)) {
    keep(path, `KEY_RING='${newKeyRing(new Date())}'\nIDENTITY_KEYS='${await newIdentityKeys()}'\n`);
  }
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

/** Make the demo account and its Admin key, once. @returns the key and its account */
async function adminKey(
  keyRing: string,
): Promise<{ readonly token: string; readonly accountId: string; readonly made: boolean }> {
  const path = inDev("admin-key");
  if (existsSync(path)) {
    const token = readFileSync(path, "utf8").trim();
    return { token, accountId: claimsOf(token).acc, made: false };
  }
  const first = await firstKey(keyRing, "Demo account", crypto.randomUUID(), Date.now());
  keep(inDev("first-key.sql"), first.sql);
  await wranglerQuietly(["d1", "execute", "DB", "--local", ...STATE, "--yes", "--file", ".dev/first-key.sql"]);
  keep(path, `${first.token}\n`);
  return { token: first.token, accountId: first.accountId, made: true };
}

function claimsOf(token: string): { readonly acc: string; readonly jti: string } {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

async function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

const children = new Set<ReturnType<typeof startWrangler>>();

/** wrangler picks ports that are free and takes them a moment later; on a busy machine another process may be quicker. */
const TRIES = 3;

async function serve(
  what: string,
  args: readonly string[],
  show: (line: string) => void,
  tries = TRIES,
): Promise<void> {
  const inspector = ["--inspector-port", String(await freePort())];
  const quiet = ["--ip", "127.0.0.1", "--show-interactive-dev-session=false"];
  const child = startWrangler(["dev", ...args, ...inspector, ...quiet]);
  children.add(child);
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      said.push(line);
      if (said.length > 40) said.shift();
      if (!/Address already in use/.test(line)) show(line);
    });
  }
  child.on("exit", (code, signal) => {
    children.delete(child);
    if (stopping) return;
    const words = said.join("\n");
    if (!ready && tries > 1 && /Address already in use/.test(words)) return void serve(what, args, show, tries - 1);
    process.stderr.write(`${what} ended (${code ?? signal}). Its last words:\n${words}\n`);
    stop(code || 1);
  });
}

let stopping = false;
function stop(code: number): void {
  if (stopping) return;
  stopping = true;
  for (const child of children) child.kill("SIGTERM");
  setTimeout(() => process.exit(code), 2_000);
  const gone = [...children].map((child) => child.exitCode ?? new Promise((done) => child.once("exit", done)));
  void Promise.all(gone).then(() => process.exit(code));
}

/** The door's own event lines and what went wrong; the rest of wrangler's talk is for its developers. */
function showDoor(line: string): void {
  // What this script itself asks while it starts is nobody's call.
  if ((ready && /^\d\d:\d\d:\d\d /.test(line)) || /\[ERROR\]|✘/.test(line)) say(line);
}

let ready = false;

async function untilReady(url: string, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const answer = await fetch(url).catch(() => null);
    if (answer !== null && answer.status < 500) return;
    await new Promise((resume) => setTimeout(resume, 150));
  }
  throw new Error(`${what} did not come up within a minute`);
}

/** A Viewer key for the second command; made anew when the third one has revoked it. */
async function viewerKey(admin: string, accountId: string): Promise<string> {
  const keys = `${DOOR}/api/public/v1/accounts/${accountId}/api-keys`;
  const headers = { authorization: `Bearer ${admin}`, "content-type": "application/json" };
  const path = inDev("viewer-key");
  if (existsSync(path)) {
    const id = claimsOf(readFileSync(path, "utf8")).jti;
    const known = await fetch(`${keys}/${id}`, { headers });
    const { data } = known.ok ? ((await known.json()) as { data: { info: { status: string } } }) : { data: null };
    if (data?.info.status === "ACTIVE") return id;
  }
  const roles = await fetch(`${DOOR}/api/public/v1/accounts/${accountId}/roles?display_name=Viewer`, { headers });
  const role = ((await roles.json()) as { data: { info: { id: string } }[] }).data[0]?.info.id;
  const body = JSON.stringify({ name: "demo-viewer", expire_after_hours: 720, role_id: role });
  const made = await fetch(keys, { method: "POST", headers, body });
  if (!made.ok) throw new Error(`the demo's Viewer key could not be made: ${made.status} ${await made.text()}`);
  const { jwt } = (await made.json()) as { jwt: string };
  keep(path, `${jwt}\n`);
  return claimsOf(jwt).jti;
}

async function firstCluster(admin: string, accountId: string): Promise<string | null> {
  const headers = { authorization: `Bearer ${admin}` };
  const account = await fetch(`${DOOR}/api/public/v1/account`, { headers });
  const { data } = (await account.json()) as { data: { info: { projects: { info: { id: string } }[] } } };
  const base = `/api/public/v1/accounts/${accountId}/projects/${data.info.projects[0]?.info.id}/clusters`;
  const clusters = await fetch(`${DOOR}${base}?state=ACTIVE`, { headers });
  const list = (await clusters.json()) as { data: { info: { id: string } }[] };
  return list.data[0] === undefined ? null : `${base}/${list.data[0].info.id}`;
}

async function main(): Promise<void> {
  if (!(await portIsFree(PORT))) throw new Error(`port ${PORT} is taken: PORT=8788 npm start uses another one`);
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
  await serve("the gateway", ["--port", String(PORT), ...STATE, ...config], showDoor);
  if (own === undefined) {
    const demoVars = { GATEHOUSE_URL: DOOR, AUDIENCE: "gatehouse-demo" };
    await serve(
      "the demo API",
      ["-c", "demo/wrangler.toml", "--port", String(demoPort), ...DEMO_STATE, ...varArgs(demoVars)],
      () => undefined,
    );
    await untilReady(`${upstream}/`, "the demo API");
  }
  await untilReady(`${DOOR}/.well-known/gatehouse/health`, "the door");
  const viewerId = await viewerKey(admin.token, admin.accountId);
  const cluster = own === undefined ? await firstCluster(admin.token, admin.accountId) : null;
  ready = true;
  announce(admin, viewerId, upstream, cluster, own === undefined);
}

function varArgs(vars: Readonly<Record<string, string>>): string[] {
  return Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
}

function announce(
  admin: { readonly token: string; readonly accountId: string; readonly made: boolean },
  viewerId: string,
  upstream: string,
  cluster: string | null,
  demo: boolean,
): void {
  const account = `${DOOR}/api/public/v1/accounts/${admin.accountId}`;
  if (admin.made) say(`\nThe Admin key, shown this once and kept in .dev/admin-key (mode 0600):\n${admin.token}`);
  say(`\nThe console: ${DOOR}/console/ (sign in with the key in .dev/admin-key)`);
  say(`\nReady: ${DOOR} in front of ${demo ? "the demo API" : upstream}. Try, in this folder:\n`);
  say(`# a read, allowed\ncurl -sS -H "Authorization: Bearer $(cat .dev/admin-key)" ${DOOR}/api/public/v1/account\n`);
  const change = cluster === null ? `${account}/projects` : `${DOOR}${cluster}/pause`;
  say(
    `# a change, refused to a Viewer key\ncurl -sS -X POST -H "Authorization: Bearer $(cat .dev/viewer-key)" ${change}\n`,
  );
  say(
    `# the end of that Viewer key\ncurl -sS -X POST -H "Authorization: Bearer $(cat .dev/admin-key)" ${account}/api-keys/${viewerId}/revoke\n`,
  );
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop(0));
// npm does not pass SIGTERM on to what its shell runs: stop when it has gone.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && stop(0), 500).unref();

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  stop(1);
});
