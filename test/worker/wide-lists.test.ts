// Warnings about the allow lists of a key and of its dry run, which count together.
import { afterEach, beforeEach, expect, it } from "vitest";
import { ACCOUNT, makeAccounts, PROJECT, VIEWER_ROLE } from "../store/builders.ts";
import { ask, startGateway, stopGateways } from "./worker-harness.ts";

beforeEach(makeAccounts);
afterEach(stopGateways);

const BASE = `/api/public/v1/accounts/${ACCOUNT}`;

it("warns of lists that are narrow one by one and wide together, for a key, its dry run and its promotion", async () => {
  const gateway = await startGateway();
  const admin = await gateway.key();
  const made = await Promise.all(
    ["0.0.0.0/2", "64.0.0.0/2", "192.0.2.0/24"].map((rule, i) =>
      ask(gateway, admin, `${BASE}/projects/${PROJECT}/allow-lists`, "POST", { name: `l${i}`, allow_list: [rule] }),
    ),
  );
  const own = { field: "allow_list", message: "Your own address, 192.0.2.7, is not in this list." };
  expect(made.map(({ body }) => body.warnings)).toEqual([[own], [own], []]);
  const [one, two, narrow] = made.map(({ body }) => body.data.info.id as string);
  const create = (name: string, lists: readonly (string | undefined)[]) =>
    ask(gateway, admin, `${BASE}/api-keys`, "POST", {
      ...{ name, expire_after_hours: 1, role_id: VIEWER_ROLE, allow_list_info: lists },
    });
  const wide = {
    field: "allow_list_info",
    message: "This allows at least half of all IPv4 addresses. Do not use it in production.",
  };
  expect((await create("any", [])).body.warnings).toEqual([]);
  expect((await create("one", [one, narrow])).body.warnings).toEqual([]);
  expect((await create("both", [two, narrow, one])).body.warnings).toEqual([wide]);
  const { body: key } = await create("tried", [narrow]);
  const trial = `${BASE}/api-keys/${key.data.info.id}/trial`;
  expect((await ask(gateway, admin, trial, "PUT", { role_id: VIEWER_ROLE })).body.warnings).toEqual([]);
  expect((await ask(gateway, admin, trial, "PUT", { allow_list_info: [one, two] })).body.warnings).toEqual([wide]);
  expect((await ask(gateway, admin, `${trial}/promote`, "POST")).body.warnings).toEqual([wide]);
});
