// Canary keys through the whole Worker: the mail, what a flood costs, and copies in KV.
import { afterEach, beforeEach, expect, it } from "vitest";
import { ADMIN_ROLE, makeAccounts, makeOperator } from "../store/builders.ts";
import { startGateway, stopGateways } from "./worker-harness.ts";

beforeEach(makeAccounts);
afterEach(stopGateways);

interface Mail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

it("mails those who manage keys once, and logs a mail that cannot be sent", async () => {
  for (const email of ["admin@example.com", "broken@example.com"]) await makeOperator({ email, roleId: ADMIN_ROLE });
  await makeOperator({ email: "viewer@example.com" });
  const mails: Mail[] = [];
  const send = async (mail: Mail) => {
    mails.push(mail);
    if (mail.to.startsWith("broken")) throw new Error("no such mailbox");
  };
  const gateway = await startGateway({ MAIL_FROM: "gatehouse@example.com" }, { SEND_EMAIL: { send } });
  const { id, token } = await gateway.key({ name: "honey", canary: true });
  for (let i = 0; i < 3; i++) expect((await gateway.call(token)).status).toBe(401);
  await gateway.finishBackgroundWork();
  expect(mails.map(({ to }) => to).sort()).toEqual(["admin@example.com", "broken@example.com"]);
  expect(mails[0]).toMatchObject({ from: "gatehouse@example.com", subject: "Canary API key honey was used" });
  expect(mails[0]?.text).toContain(`"honey" (${id}) was used from 192.0.2.7`);
  expect(mails[0]?.text).not.toContain(token);
  expect(gateway.lines).toContainEqual(expect.objectContaining({ kind: "fault", reason: "canary_mail" }));
});

it("runs no statement for the uses of a flood behind the first, whatever they ask", async () => {
  const gateway = await startGateway({ DENIAL_RETENTION_SECONDS: "0" });
  const { token } = await gateway.key({ canary: true });
  const paths = [undefined, "/v1/models", "/api/public/v1/auth/self"];
  for (const path of paths) await gateway.call(token, path);
  await gateway.finishBackgroundWork();
  gateway.resetCounts();
  for (let i = 0; i < 100; i++) {
    for (const path of paths) expect((await gateway.call(token, path)).status).toBeGreaterThanOrEqual(401);
    expect((await gateway.mutate(token)).status).toBe(401);
  }
  await gateway.finishBackgroundWork();
  expect(gateway.d1.ran).toEqual([]);
});

it("denies a canary key by its copy in KV, and while D1 is down", async () => {
  const first = await startGateway();
  const { token } = await first.key({ canary: true });
  await first.call(token);
  await first.finishBackgroundWork();
  const second = await startGateway();
  expect((await second.call(token)).status).toBe(401);
  await second.finishBackgroundWork();
  expect(second.storageReads()).toMatchObject({ rows: 0, copies: 1 });
  second.d1.trouble = new Error("D1_ERROR: internal error");
  expect([(await second.call(token)).status, (await second.mutate(token)).status]).toEqual([401, 401]);
});
