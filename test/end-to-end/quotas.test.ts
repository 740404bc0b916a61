// Quotas of an account, and the default rate limit of a key, as a client meets them.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { clientOf, KEYS_PATH, LISTS_PATH, ROLES_PATH, V1 } from "../support/admin-client.ts";
import { ACCOUNT, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

const OPERATORS_PATH = `${V1}/accounts/${ACCOUNT}/operators`;

it("answers 409 quota_exceeded to every creation beyond a quota, and allows it after a removal", async () => {
  // The key of the test is an active one too.
  const vars = { QUOTA_API_KEYS: "2", QUOTA_ROLES: "1", QUOTA_ALLOW_LISTS: "1", QUOTA_OPERATORS: "1" };
  const gatehouse = await startGatehouse(vars);
  const admin = clientOf(gatehouse, (await gatehouse.key()).token);
  const key = { name: "k", expire_after_hours: 1, role_id: ROLE_IDS.Viewer };
  const permissions = [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "CREATE" }] }];
  const person = (n: number) => ({ name: `p${n}`, email: `p${n}@example.com`, role_id: ROLE_IDS.Viewer });
  const rows: readonly [string, string, (n: number) => unknown, [string, string]][] = [
    [KEYS_PATH, "active API keys", () => key, ["POST", "/revoke"]],
    [ROLES_PATH, "custom roles", (n) => ({ name: `r${n}`, permissions }), ["DELETE", ""]],
    [LISTS_PATH, "IP allow lists", (n) => ({ name: `l${n}`, allow_list: ["192.0.2.1"] }), ["DELETE", ""]],
    [OPERATORS_PATH, "operators", person, ["DELETE", ""]],
  ];
  for (const [path, resources, spec, [method, action]] of rows) {
    const first = await admin("POST", path, spec(1));
    expect([path, first.status]).toEqual([path, 200]);
    const second = await admin("POST", path, spec(2));
    expect([second.status, second.body.error.code]).toEqual([409, "quota_exceeded"]);
    expect(second.body.error.detail).toBe(`The account has as many ${resources} as its quota allows.`);
    expect((await admin(method, `${path}/${first.body.data.info.id}${action}`)).status).toBeLessThan(300);
    expect((await admin("POST", path, spec(2))).status).toBe(200);
  }
  await gatehouse.close();
});

it("has a default request limit for each key", () => {
  const toml = readFileSync("wrangler.toml", "utf8");
  expect(toml).toMatch(
    /^\[\[ratelimits\]\]\nname = "KEY_RATE_LIMIT"\nnamespace_id = "\d+"\nsimple = \{ limit = 6000,/m,
  );
});
