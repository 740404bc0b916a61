// The commands of docs/operating.md from beginning to end, on the state of a running `npm start`: accounts, lost keys, secrets
// that are rotated or have leaked, backups. None of them prints a secret here, where the output is no terminal.
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/free-port.ts";
import { DEVELOPER, VIEWER } from "../../src/core/access/roles.ts";
import { copyProject, type Ended, type ProjectCopy, type Started } from "../support/project-copy.ts";

const START_MS = 150_000;

let project: ProjectCopy;
let port: number;
let started: Started | null = null;
let outputs = "";

beforeAll(async () => {
  project = copyProject();
  port = await freePort();
}, START_MS);
afterAll(async () => {
  await started?.stop();
  project.remove();
});

async function restart(): Promise<void> {
  await started?.stop();
  started = await project.start(port);
}

async function run(script: string, ...args: readonly string[]): Promise<Ended> {
  const ended = await project.run(script, ...args);
  outputs += ended.output;
  return ended;
}

const account = (...args: readonly string[]) => run("account", ...args);
const adminKey = (...args: readonly string[]) => run("account", "--admin-key", ...args);
const secrets = (...args: readonly string[]) => run("rotate-secrets", ...args);
const keyIn = (file: string) => project.read(file).trim();
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
const API = () => `http://127.0.0.1:${port}/api/public/v1`;

function call(token: string, path: string, method = "GET", body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return fetch(API() + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

interface Created {
  readonly data: { readonly info: { readonly id: string } };
}

const statusOf = async (token: string) => (await call(token, "/account")).status;

async function createKey(name: string, role_id: string = VIEWER.id, canary = false): Promise<string> {
  const admin = keyIn(".dev/admin-key");
  const spec = { name, description: "it's; -- 'odd' ü", expire_after_hours: 720, role_id, canary };
  const created = await call(admin, `/accounts/${claimsOf(admin).acc}/api-keys`, "POST", spec);
  const { jwt } = (await created.json()) as { jwt: string };
  return jwt;
}

async function revoke(token: string): Promise<void> {
  const { acc, jti } = claimsOf(token);
  const path = `/accounts/${acc}/api-keys/${jti}/revoke`;
  expect((await call(keyIn(".dev/admin-key"), path, "POST", { force: true })).status).toBe(200);
}

/** The start's own maintenance seals what is open. */
async function untilVerified(): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const { output } = await run("audit-verify", "--state");
    if (output.includes(" 0 not sealed yet: 0 findings")) return;
    if (tries === 5) throw new Error(output);
  }
}

describe("bootstrap", () => {
  it("keeps the secrets before the account is made, and continues with them after a failure", async () => {
    const failed = await run("bootstrap", "--local", "--account", "First", "--key-file", "first");
    expect([failed.code, failed.output]).toEqual([2, expect.stringContaining("no such table")]);
    expect(existsSync(`${project.root}/first`)).toBe(false);
    expect((await run("bootstrap", "--local", "--account", "First", "--dry-run")).code).toBe(2);
    const migrate = "node node_modules/wrangler/bin/wrangler.js d1 migrations apply DB --local --persist-to .dev/state";
    project.shell(`PATH=node_modules/.bin:$PATH WRANGLER_SEND_METRICS=false ${migrate} 2>&1`);
    const dry = await run("bootstrap", "--local", "--account", "First", "--dry-run");
    expect([dry.code, dry.output]).toEqual([0, expect.stringContaining("Nothing was done")]);
    expect(existsSync(`${project.root}/.dev.vars`)).toBe(false);
    const refused = await run("bootstrap", "--local", "--account", "First / <b>", "--key-file", "first");
    expect([refused.code, refused.output]).toEqual([2, expect.stringContaining("1 to 64 letters")]);
    const vars = project.read(".dev.vars");
    expect((await run("bootstrap", "--local", "--account", "First", "--key-file", ".dev/admin-key")).code).toBe(0);
    expect(project.read(".dev.vars")).toBe(vars);
  }, 90_000);

  it(
    "refuses a second time, and says how an account is added",
    async () => {
      const vars = project.read(".dev.vars");
      const again = await run("bootstrap", "--local", "--account", "Second", "--key-file", "second");
      expect([again.code, again.output]).toEqual([2, expect.stringContaining("npm run account -- add NAME")]);
      expect(project.read(".dev.vars")).toBe(vars);
      await restart();
      expect(await statusOf(keyIn(".dev/admin-key"))).toBe(200);
    },
    START_MS,
  );
});

describe("account and admin-key", () => {
  it("adds an account whose key opens it at once, once for each name", async () => {
    expect((await account("add", "Second", "--dry-run")).output).toContain("Nothing was done");
    expect((await account("add", "Second")).output).toContain("name a file for the key");
    expect((await account("list")).output).not.toContain("Second");
    expect((await account("add", "Second", "--key-file", "second")).code).toBe(0);
    const key = keyIn("second");
    expect(await statusOf(key)).toBe(200);
    expect((await call(key, `/accounts/${claimsOf(keyIn(".dev/admin-key")).acc}/api-keys`)).status).toBe(404);
    const again = await account("add", "Second", "--key-file", "again");
    expect([again.code, again.output]).toEqual([2, expect.stringContaining("npm run admin-key --")]);
    const taken = await account("add", "Third", "--key-file", "second");
    expect([taken.code, taken.output]).toEqual([2, expect.stringContaining("exists already. Nothing was done")]);
    expect((await account("list")).output).toMatch(/First\n.*Second\n$/);
  }, 60_000);

  it("makes an Admin key for an account that is locked out", async () => {
    const lost = keyIn(".dev/admin-key");
    await revoke(lost);
    expect(await statusOf(lost)).toBe(401);
    expect((await adminKey()).output).toContain("Which account?");
    expect((await adminKey("Nobody", "--key-file", "x")).output).toContain("No such account");
    expect((await adminKey("First", "--dry-run")).output).toContain("Nothing was done");
    expect((await adminKey("First")).code).toBe(0);
    expect(await statusOf(keyIn(".dev/admin-key"))).toBe(200);
  }, 60_000);

  it("resets a policy whose changes nobody can approve any more", async () => {
    const { acc } = claimsOf(keyIn("second"));
    const policy = `/accounts/${acc}/policy`;
    await call(keyIn("second"), policy, "PUT", { max_lifetime_hours: 1 });
    expect((await account("reset-policy", "Second", "--dry-run")).output).toContain("Nothing was done");
    expect((await account("reset-policy", "Second")).output).toContain("has no policy any more");
    const { data } = (await (await call(keyIn("second"), policy)).json()) as { data: { spec: unknown } };
    expect(data.spec).toMatchObject({ max_lifetime_hours: null, second_person: false });
  }, 60_000);

  it("refuses a KEY_RING that is not the Worker's", async () => {
    writeFileSync(`${project.root}/other.vars`, `KEY_RING='{"k1":"${"A".repeat(43)}"}'\n`);
    const refused = await account("add", "Other", "--key-file", "other", "--secrets", "other.vars");
    expect([refused.code, refused.output]).toEqual([2, expect.stringContaining("not the one that the Worker had")]);
    writeFileSync(`${project.root}/other.vars`, "");
    expect((await adminKey("First", "--secrets", "other.vars")).output).toContain("KEY_RING is neither in other.vars");
    expect((await account("remove", "First")).output).toContain("npm run account -- add NAME");
  }, 60_000);
});

describe("secrets", () => {
  it(
    "rotates the key ring: both secrets verify, dependents are shown, and the old one is removed when nobody depends on it",
    async () => {
      const old = await createKey("old");
      const before = project.read(".dev.vars");
      expect((await secrets("rotate", "key-ring", "--dry-run")).output).toContain("Nothing was done");
      expect(project.read(".dev.vars")).toBe(before);
      const began = await secrets("rotate", "key-ring");
      expect([began.code, began.output]).toEqual([0, expect.stringContaining("First: old, not used yet")]);
      await restart();
      expect(await statusOf(old)).toBe(200);
      expect((await adminKey("First")).code).toBe(0);
      expect((await adminKey("Second", "--key-file", "second-2")).code).toBe(0);
      const fresh = await createKey("new");
      const listed = await secrets("rotate", "key-ring");
      expect(listed.output).toContain("First: old, last used");
      expect(listed.output).not.toContain("First: new");
      expect(project.read(".dev.vars").match(/"k\d{4}/g)).toHaveLength(2);
      const { data } = (await (
        await call(keyIn(".dev/admin-key"), `/accounts/${claimsOf(old).acc}/api-keys?status=ACTIVE&limit=100`)
      ).json()) as { data: { info: { id: string; signing_key_id: string } }[] };
      const [newest] = data.filter(({ info }) => info.id === claimsOf(fresh).jti);
      const dependent = data.filter(({ info }) => info.signing_key_id !== newest?.info.signing_key_id);
      for (const { info } of dependent) {
        const path = `/accounts/${claimsOf(old).acc}/api-keys/${info.id}/revoke`;
        expect((await call(keyIn(".dev/admin-key"), path, "POST")).status).toBe(200);
      }
      const second = claimsOf(keyIn("second"));
      const path = `/accounts/${second.acc}/api-keys/${second.jti}/revoke`;
      expect((await call(keyIn("second-2"), path, "POST")).status).toBe(200);
      expect((await secrets("rotate", "key-ring")).output).toContain("on which no active key depends: done");
      expect(project.read(".dev.vars").match(/"k\d{4}/g)).toHaveLength(1);
      await restart();
      expect([await statusOf(fresh), await statusOf(keyIn("second-2")), await statusOf(old)]).toEqual([200, 200, 401]);
    },
    START_MS,
  );

  it(
    "continues with a rotation that was interrupted, instead of adding another secret",
    async () => {
      const [line = ""] = project.read(".dev.vars").match(/^KEY_RING='.*'$/m) ?? [];
      const ring = JSON.parse(line.slice("KEY_RING='".length, -1)) as Record<string, string>;
      const interrupted = JSON.stringify({ kcoming: "B".repeat(43), ...ring });
      writeFileSync(`${project.root}/.dev.vars`, project.read(".dev.vars").replace(line, `KEY_RING='${interrupted}'`));
      writeFileSync(`${project.root}/.dev.vars.rotation`, '{"ring":"kcoming","unset":true}');
      expect((await secrets("status")).output).toContain("A rotation was interrupted");
      const finished = await secrets("rotate", "key-ring");
      expect(finished.output).toContain("Set what an interrupted run has kept: done");
      expect(finished.output).toContain("Sign new keys with secret kcoming: done");
      expect(existsSync(`${project.root}/.dev.vars.rotation`)).toBe(false);
      const status = (await secrets("status")).output;
      expect(status).toMatch(/kcoming {2}0 active keys, signs new keys/);
      await restart();
      expect(await statusOf(keyIn(".dev/admin-key"))).toBe(200);
    },
    START_MS,
  );

  it(
    "rotates the identity keys, and replaces a leaked one at once: the upstream and the audit log accept what is signed",
    async () => {
      for (const how of [[], ["--leaked"]]) {
        const before = project.read(".dev.vars");
        expect((await secrets("rotate", "identity", ...how, "--dry-run")).output).toContain("Nothing was done");
        expect(project.read(".dev.vars")).toBe(before);
        expect((await secrets("rotate", "identity", ...how)).code).toBe(0);
        await restart();
        // The demo API verifies the identity.
        expect(await statusOf(keyIn(".dev/admin-key"))).toBe(200);
        await untilVerified();
      }
    },
    2 * START_MS,
  );

  it(
    "replaces a leaked key ring only by somebody who names how many keys end",
    async () => {
      const key = keyIn(".dev/admin-key");
      const refused = await secrets("rotate", "key-ring", "--leaked");
      const [, ends = ""] = /--ends (\d+)/.exec(refused.output) ?? [];
      expect(refused.code).toBe(2);
      expect((await secrets("rotate", "key-ring", "--leaked", "--ends", String(Number(ends) + 1))).code).toBe(2);
      expect((await secrets("rotate", "key-ring", "--leaked", "--ends", ends, "--dry-run")).output).toContain(
        "Nothing",
      );
      expect((await secrets("rotate", "key-ring", "--leaked", "--ends", ends)).code).toBe(0);
      await restart();
      expect(started?.output).toContain("npm run admin-key");
      expect(await statusOf(key)).toBe(401);
      expect((await adminKey("First")).output).toContain(".dev/admin-key");
      expect(await statusOf(keyIn(".dev/admin-key"))).toBe(200);
    },
    START_MS,
  );
});

describe("backup and restore", () => {
  it(
    "brings back what was there, but nothing that was revoked, disabled or removed since",
    async () => {
      const [revoked, stays] = [await createKey("revoked later"), await createKey("stays", DEVELOPER.id)];
      const paused = await createKey("disabled later");
      const canary = await createKey("canary", VIEWER.id, true);
      const admin = keyIn(".dev/admin-key");
      const operators = `/accounts/${claimsOf(admin).acc}/operators`;
      const person = { name: "left", email: "left@example.com", role_id: VIEWER.id };
      const { data } = (await (await call(admin, operators, "POST", person)).json()) as Created;
      const endpoints = `/accounts/${claimsOf(admin).acc}/endpoints`;
      const hook = { name: "hook", url: "https://hooks.example.com/in", event_types: ["role.create"] };
      const endpoint = (await (await call(admin, endpoints, "POST", hook)).json()) as Created;
      await restart();
      await untilVerified();
      expect((await run("backup")).output).toContain(" 0 findings");
      const [name = ""] = readdirSync(`${project.root}/backups`).sort().reverse();
      const file = `backups/${name}`;
      await revoke(revoked);
      const disabled = `/accounts/${claimsOf(paused).acc}/api-keys/${claimsOf(paused).jti}`;
      expect((await call(admin, `${disabled}/disable`, "POST")).status).toBe(200);
      expect((await call(admin, `${operators}/${data.info.id}`, "DELETE")).status).toBe(204);
      expect((await call(admin, `${endpoints}/${endpoint.data.info.id}`, "DELETE")).status).toBe(204);
      const edited = `/accounts/${claimsOf(stays).acc}/api-keys/${claimsOf(stays).jti}`;
      expect((await call(admin, edited, "PATCH", { description: "goes back" })).status).toBe(200);
      const later = await createKey("created later");
      const plan = await run("restore", file);
      expect(plan.output).toMatch(/created later: was created since, and is removed/);
      expect(plan.output).toMatch(/revoked later: stays revoked/);
      expect(plan.output).toMatch(/disabled later: stays disabled/);
      expect(plan.output).toMatch(/left: stays removed/);
      expect(plan.output).toMatch(/hook: stays deleted/);
      expect(plan.output).toContain("Nothing was done");
      expect(await statusOf(later)).toBe(200);
      await started?.stop();
      started = null;
      expect((await run("restore", file, "--yes")).output).toContain("Restored.");
      await restart();
      expect([await statusOf(revoked), await statusOf(stays), await statusOf(later)]).toEqual([401, 200, 401]);
      expect([await statusOf(paused), await statusOf(canary)]).toEqual([401, 401]);
      expect((await call(admin, `${operators}/${data.info.id}`)).status).toBe(404);
      expect((await call(admin, `${endpoints}/${endpoint.data.info.id}`)).status).toBe(404);
      await untilVerified();
      const before = readdirSync(`${project.root}/backups`).filter((each) => each.startsWith("before-restore"));
      expect(before).toHaveLength(1);
    },
    2 * START_MS,
  );

  it(
    "refuses a backup that somebody has changed, and one after which changes are lost",
    async () => {
      const [name = ""] = readdirSync(`${project.root}/backups`)
        .filter((each) => each.startsWith("gatehouse"))
        .sort()
        .reverse();
      const changed = `cp backups/${name} changed.sqlite && node -e "
      new (require('node:sqlite').DatabaseSync)('changed.sqlite').exec('UPDATE api_keys SET expires_at = NULL')"`;
      project.shell(`PATH=node_modules/.bin:$PATH; ${changed}`);
      const refused = await run("restore", "changed.sqlite", "--yes");
      expect([refused.code, refused.output]).toEqual([
        2,
        expect.stringContaining("no event explains the value of expires_at"),
      ]);
      expect((await run("restore", "wrangler.toml")).code).toBe(2);
      await started?.stop();
      started = null;
      const stays = keyIn(".dev/admin-key");
      rmSync(`${project.root}/.dev/state/v3/d1`, { recursive: true });
      const migrate =
        "node node_modules/wrangler/bin/wrangler.js d1 migrations apply DB --local --persist-to .dev/state";
      project.shell(`PATH=node_modules/.bin:$PATH WRANGLER_SEND_METRICS=false ${migrate} 2>&1`);
      const lost = await run("restore", `backups/${name}`, "--yes");
      expect([lost.code, lost.output]).toEqual([2, expect.stringContaining("--lost end-keys")]);
      expect((await run("restore", `backups/${name}`, "--yes", "--lost", "end-keys")).output).toContain("Restored.");
      await restart();
      expect(await statusOf(stays)).toBe(401);
      expect((await adminKey("First")).code).toBe(0);
      expect(await statusOf(keyIn(".dev/admin-key"))).toBe(200);
    },
    2 * START_MS,
  );
});

it("has printed no key and no secret", () => {
  expect(outputs).not.toMatch(/eyJ[\w-]{20}/);
  expect(outputs).not.toMatch(/[\w-]{43}/);
});
