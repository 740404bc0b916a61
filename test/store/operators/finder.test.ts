// The entries of a person in all accounts.
import { describe, expect, it } from "vitest";
import { mappedOperatorId } from "../../../src/core/access/role-mapping.ts";
import { createOperatorFinder } from "../../../src/store/operators/repository.ts";
import {
  ACCOUNT,
  ACTOR,
  ADMIN_ROLE,
  db,
  makeAccounts,
  makeRole,
  NOW,
  newOperator,
  OTHER_ACCOUNT,
  operators,
  roleSpec,
  roles,
  VIEWER_ROLE,
} from "../builders.ts";

const PERSON = { issuer: "https://issuer.example.com", subject: "ada", email: "ada@example.com" };

it("finds the entry in the named account first, however many other accounts have added the person before", async () => {
  await makeAccounts();
  const others = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)";
  const id = "printf('00000000-0000-4000-9000-%012x', i)";
  await db.prepare(`INSERT INTO accounts (id, name, created_at) ${others} SELECT ${id}, 'Other ' || i, 0 FROM n`).run();
  const insert =
    "INSERT INTO operators (id, account_id, email, subject, issuer, name, role_id, created_at, updated_at, created_by_name)";
  await db
    .prepare(`${insert} ${others} SELECT ${id}, ${id}, NULL, ?, ?, 'Ada', ?, 0, 0, 'other' FROM n`)
    .bind(PERSON.subject, PERSON.issuer, VIEWER_ROLE)
    .run();
  await db
    .prepare(`${insert} VALUES (?1, ?1, ?2, NULL, NULL, 'Ada', ?3, ?4, ?4, 'own')`)
    .bind(ACCOUNT, PERSON.email, VIEWER_ROLE, NOW)
    .run();
  const finder = createOperatorFinder(db);
  const [first, ...rest] = await finder.find(PERSON, ACCOUNT, []);
  expect([first?.account.id, rest.length]).toEqual([ACCOUNT, 99]);
  expect(first?.decode()).toMatchObject({ kind: "operator", accountId: ACCOUNT, name: PERSON.email });
  expect((await finder.find({ ...PERSON, subject: "eve", email: null }, ACCOUNT, [])).length).toBe(0);
});

describe("a role by groups", () => {
  const find = async (roleId: string, accountId = ACCOUNT, person = PERSON) => {
    const entries = await createOperatorFinder(db).find(person, accountId, [{ accountId, roleId }]);
    return entries.map(({ account, hasRole, decode }) => ({
      account: account.id,
      hasRole,
      ...(hasRole ? decode() : {}),
    }));
  };
  const missing = [{ account: ACCOUNT, hasRole: false }];

  it("makes an operator of somebody without an entry, with the version of the role", async () => {
    await makeAccounts();
    const role = await makeRole();
    const id = mappedOperatorId(PERSON.issuer, PERSON.subject, ACCOUNT);
    const custom = { id, name: PERSON.email, expiresAt: null, addresses: null, version: 1, mapped: PERSON };
    expect(await find(role.id)).toMatchObject([{ ...custom, role: { id: role.id } }]);
    await roles.update({ accountId: ACCOUNT, id: role.id, definition: roleSpec(), force: false }, ACTOR, NOW);
    expect(await find(role.id)).toMatchObject([{ ...custom, version: 2 }]);
    expect(await find(VIEWER_ROLE)).toMatchObject([{ id, role: { name: "Viewer" } }]);
    expect(await find(VIEWER_ROLE, ACCOUNT, { ...PERSON, email: null as never })).toMatchObject([{ id, name: "ada" }]);
  });

  it("that the account does not have, or that was deleted, makes an entry without a role", async () => {
    await makeAccounts();
    const role = await makeRole();
    expect(await find(crypto.randomUUID())).toEqual(missing);
    expect(await find(role.id, OTHER_ACCOUNT)).toEqual([{ account: OTHER_ACCOUNT, hasRole: false }]);
    await roles.delete(ACCOUNT, role.id, ACTOR, NOW);
    expect(await find(role.id)).toEqual(missing);
  });

  it("makes nothing in an account that does not exist, or of a subject that OpenID Connect does not allow", async () => {
    await makeAccounts();
    expect(await find(VIEWER_ROLE, crypto.randomUUID())).toEqual([]);
    expect(await find(VIEWER_ROLE, ACCOUNT, { ...PERSON, subject: "ad\u00e4" })).toEqual([]);
  });

  it("makes nothing of somebody without an e-mail address, in an account with entries by e-mail", async () => {
    await makeAccounts();
    const noEmail = { ...PERSON, email: null as never };
    const somebody = newOperator({ email: "somebody@example.com", subject: null, issuer: null, roleId: VIEWER_ROLE });
    await operators.create(somebody, ACTOR, NOW);
    expect(await find(ADMIN_ROLE, ACCOUNT, noEmail)).toEqual([]);
    expect(await find(ADMIN_ROLE)).toMatchObject([{ role: { name: "Admin" }, mapped: PERSON }]);
    expect(await find(ADMIN_ROLE, OTHER_ACCOUNT, noEmail)).toMatchObject([{ role: { name: "Admin" } }]);
    await operators.delete(ACCOUNT, somebody.id, true, ACTOR, NOW);
    expect(await find(ADMIN_ROLE, ACCOUNT, noEmail)).toMatchObject([{ role: { name: "Admin" } }]);
  });

  it.each([
    ["e-mail address", { email: PERSON.email, subject: null, issuer: null }],
    ["subject", { email: null, subject: PERSON.subject, issuer: PERSON.issuer }],
  ])("gives way to an entry by %s, even one that has expired, until it is removed", async (_, identity) => {
    await makeAccounts();
    const operator = newOperator({ ...identity, roleId: VIEWER_ROLE, expiresAt: NOW - 1 });
    await operators.create(operator, ACTOR, NOW);
    expect(await find(ADMIN_ROLE)).toMatchObject([{ id: operator.id, role: { name: "Viewer" }, mapped: null }]);
    await operators.delete(ACCOUNT, operator.id, true, ACTOR, NOW);
    expect(await find(ADMIN_ROLE)).toMatchObject([{ role: { name: "Admin" }, mapped: PERSON }]);
  });
});
