// The rotation of API keys over a real socket: by an operator and by the key itself, finished, extended and cancelled.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Client, clientOf, fieldErrorsOf, KEYS_PATH, LISTS_PATH } from "../support/admin-client.ts";
import { CLUSTERS, type Gatehouse, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

let gatehouse: Gatehouse;
let admin: Client;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  admin = clientOf(gatehouse, (await gatehouse.key({ name: "admin" })).token);
});
afterAll(() => gatehouse.close());

const HOUR = 3_600_000;
let made = 0;
async function create(changes: Readonly<Record<string, unknown>> = {}) {
  const spec = { name: `key-${++made}`, expire_after_hours: 0, role_id: ROLE_IDS.Developer, ...changes };
  const { body } = await admin("POST", KEYS_PATH, spec);
  return { token: body.jwt as string, id: body.data.info.id as string, path: `${KEYS_PATH}/${body.data.info.id}` };
}
const rotate = (path: string, overlap_hours: number, client = admin) =>
  client("POST", `${path}/rotate`, { overlap_hours });
const statusOf = async (token: string) => (await gatehouse.call(token, CLUSTERS, { method: "POST" })).status;
const infoOf = async (path: string) => (await admin("GET", path)).body.data.info;
const isAbout = (time: string, at: number) => expect(Math.abs(Date.parse(time) - at)).toBeLessThan(60_000);

it("gives a key a successor with the same terms, and ends the key after the overlap", async () => {
  const list = await admin("POST", LISTS_PATH, { name: "home", description: "", allow_list: ["127.0.0.0/8"] });
  const key = await create({ description: "d", expire_after_hours: 720, allow_list_info: [list.body.data.info.id] });
  const { status, body } = await rotate(key.path, 24);
  expect(status).toBe(200);
  expect(body.data.spec).toEqual((await admin("GET", key.path)).body.data.spec);
  isAbout(body.data.info.expiry_time, Date.now() + 720 * HOUR);
  isAbout(body.predecessor.info.expiry_time, Date.now() + 24 * HOUR);
  expect(body.effective.mutations).toBe("now");
  expect([await statusOf(key.token), await statusOf(body.jwt)]).toEqual([200, 200]);
  const rotation = { predecessor_id: key.id, successor_id: body.data.info.id };
  for (const path of [key.path, `${KEYS_PATH}/${body.data.info.id}`]) {
    expect((await infoOf(path)).rotation).toMatchObject(rotation);
  }
});

it("never ends a key later than it would have", async () => {
  const key = await create({ expire_after_hours: 2 });
  const ends = (await infoOf(key.path)).expiry_time;
  expect((await rotate(key.path, 100)).body.predecessor.info.expiry_time).toBe(ends);
});

it("shows how many requests each of both keys has carried since the rotation", async () => {
  const key = await create();
  const count = (id: string, uses: number) =>
    gatehouse.env.DB.prepare("UPDATE api_keys SET usage_count = usage_count + ? WHERE id = ?").bind(uses, id).run();
  await count(key.id, 7);
  const { body } = await rotate(key.path, 24);
  await count(key.id, 2);
  await count(body.data.info.id, 6);
  const shares = { predecessor_requests: 2, successor_requests: 6 };
  expect((await infoOf(key.path)).rotation).toMatchObject(shares);
  expect((await infoOf(`${KEYS_PATH}/${body.data.info.id}`)).rotation).toMatchObject(shares);
});

it("finishes, extends and cancels a rotation", async () => {
  const key = await create({ expire_after_hours: 100 });
  const ends = (await infoOf(key.path)).expiry_time;
  const { jwt } = (await rotate(key.path, 1)).body;
  const extended = await admin("PATCH", `${key.path}/rotation`, { overlap_hours: 10 });
  isAbout(extended.body.data.info.expiry_time, Date.now() + 10 * HOUR);
  expect((await admin("PATCH", `${key.path}/rotation`, { overlap_hours: 700 })).body.data.info.expiry_time).toBe(ends);
  const cancelled = await admin("DELETE", `${key.path}/rotation`);
  expect([cancelled.status, cancelled.body.data.info.expiry_time]).toEqual([200, ends]);
  expect([await statusOf(key.token), await statusOf(jwt)]).toEqual([200, 401]);
  expect((await admin("DELETE", `${key.path}/rotation`)).body.error.code).toBe("not_rotated");

  const again = (await rotate(key.path, 24)).body;
  expect((await admin("PATCH", `${key.path}/rotation`, { overlap_hours: 0 })).body.data.info.status).toBe("EXPIRED");
  expect([await statusOf(key.token), await statusOf(again.jwt)]).toEqual([401, 200]);
  expect((await admin("DELETE", `${key.path}/rotation`)).body.error.code).toBe("key_inactive");
});

it("lets a key rotate itself once, also when the successor was revoked", async () => {
  const key = await create({ role_id: ROLE_IDS.Viewer, expire_after_hours: 48 });
  const own = clientOf(gatehouse, key.token);
  const { status, body } = await rotate(key.path, 1, own);
  expect(status).toBe(200);
  isAbout(body.data.info.expiry_time, Date.now() + 48 * HOUR);
  expect((await rotate(key.path, 1, own)).body.error.code).toBe("already_rotated");
  await admin("DELETE", `${key.path}/rotation`);
  expect((await rotate(key.path, 1, own)).body.error.code).toBe("already_rotated");
  const other = await create({ role_id: ROLE_IDS.Viewer });
  expect((await rotate(other.path, 1, own)).status).toBe(403);
  expect((await own("DELETE", `${key.path}/rotation`)).status).toBe(403);
});

it("gives the successor of a key whose life was shortened no longer life than that", async () => {
  const key = await create({ expire_after_hours: 720, role_id: ROLE_IDS.Viewer });
  await admin("PATCH", key.path, { expire_after_hours: 3 });
  const { body } = await rotate(key.path, 1, clientOf(gatehouse, key.token));
  isAbout(body.data.info.expiry_time, Date.now() + 3 * HOUR);
});

it("rejects a rotation of a rotated, revoked, expired or disabled key, and an overlap beyond thirty days", async () => {
  const key = await create();
  for (const hours of [-1, 721, 1.5]) {
    const response = await rotate(key.path, hours);
    expect([response.status, fieldErrorsOf(response)]).toEqual([400, ["overlap_hours"]]);
  }
  await rotate(key.path, 24);
  expect((await rotate(key.path, 24)).body.error.code).toBe("already_rotated");
  for (const end of ["revoke", "disable"]) {
    const ended = await create();
    await admin("POST", `${ended.path}/${end}`);
    expect((await rotate(ended.path, 1)).body.error.code).toBe("key_inactive");
  }
  const expired = await gatehouse.key({ name: "expired", expiresAt: Date.now() - 1_000 });
  expect((await rotate(`${KEYS_PATH}/${expired.id}`, 1)).body.error.code).toBe("key_inactive");
});

it("denies a rotation that would give the successor more than the principal has", async () => {
  const short = clientOf(gatehouse, (await create({ role_id: ROLE_IDS.Admin, expire_after_hours: 24 })).token);
  const key = await create();
  expect((await rotate(key.path, 1, short)).status).toBe(403);
});

it("makes one successor of ten rotations at the same time", async () => {
  const key = await create();
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => rotate(key.path, 1)));
  expect(outcomes.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
});

it("rotates a key by the shell commands of the documentation", async () => {
  const key = await create({ role_id: ROLE_IDS.Viewer, expire_after_hours: 48 });
  const document = readFileSync("docs/access-control.md", "utf8");
  const script = /```sh\n(URL=[\s\S]+?)```/
    .exec(document)?.[1]
    ?.replace("https://gatehouse.example.com", gatehouse.url);
  const folder = mkdtempSync(`${tmpdir()}/rotation-`);
  try {
    writeFileSync(`${folder}/key.header`, `Authorization: Bearer ${key.token}\n`);
    await promisify(execFile)("sh", ["-euc", String(script)], { cwd: folder });
    const header = readFileSync(`${folder}/key.header`, "utf8").trim();
    expect(header).not.toContain(key.token);
    expect((await gatehouse.call(header.replace("Authorization: Bearer ", ""), CLUSTERS)).status).toBe(200);
    expect((await infoOf(key.path)).rotation.predecessor_id).toBe(key.id);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
