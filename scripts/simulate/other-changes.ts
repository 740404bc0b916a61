// Changes of what keys share, and of operators: by requests of a key, and by operators themselves, whose entries the real finder
// reads.
import { chooseEntry } from "../../src/core/access/choose-account.ts";
import { decide } from "../../src/core/access/decide.ts";
import type { Permission } from "../../src/core/access/permissions.ts";
import { toCanonicalCidr } from "../../src/core/ip/cidr.ts";
import { OPERATIONS } from "../../src/core/routing/operations.ts";
import { createAllowListRepository } from "../../src/store/allow-lists/repository.ts";
import { createOperatorFinder, createOperatorRepository } from "../../src/store/operators/repository.ts";
import { createRoleRepository } from "../../src/store/roles/repository.ts";
import { type Change, nothingMade, perform, settle } from "./changes.ts";
import type { Isolate } from "./isolate.ts";
import { ACCOUNT, PROJECT } from "./keys.ts";
import { createCall, judgeCall } from "./requests.ts";
import type { Scene } from "./scene.ts";
import { NETWORK } from "./truth.ts";

const PERMISSIONS: readonly (readonly Permission[])[] = [
  ["CLUSTER:READ", "CLUSTER:CREATE"],
  ["CLUSTER:READ"],
  // Nothing that a request of the simulation needs.
  ["BILLING:READ"],
];

/** Gives a custom role other permissions: wider or narrower ones. */
export const updateRole: Change = async ({ scene: { random, roles }, db, by, now, reads }) => {
  const repository = createRoleRepository(db);
  const role = await repository.get(ACCOUNT, random.pick(roles.slice(CUSTOM_FROM)));
  if (role === null) return [];
  reads(role);
  const definition = { ...role, permissions: random.pick(PERMISSIONS) };
  await repository.update({ accountId: ACCOUNT, id: role.id, definition, force: true }, by({ role }), now);
  return [role.id];
};

/** The first of `Scene.roles` are built in. */
export const CUSTOM_FROM = 2;

const RULES = [[NETWORK], [NETWORK, "192.0.2.0/24"], ["192.0.2.0/24"]].map((rules) => rules.map(toCanonicalCidr));

/** Gives a list other rules, or binds another list to its keys. */
export const replaceList: Change = async ({ scene: { random, lists }, db, by, now }) => {
  const repository = createAllowListRepository(db);
  const [from, to] = [random.pick(lists), random.pick(lists)];
  const list = await repository.get(ACCOUNT, PROJECT, from);
  const other = await repository.get(ACCOUNT, PROJECT, to);
  if (list === null || other === null) return [];
  const users = await repository.usersOf(from, now);
  if (from !== to && random.happens(0.5)) await repository.replaceOnKeys({ from: list, to: other, users }, by(), now);
  else await repository.replace({ list: { ...list, rules: random.pick(RULES) }, users }, by(), now);
  return users.map(({ id }) => id);
};

/** Gives an operator another role or another end, or removes them. */
export const changeOperator: (operatorId: string) => Change = (operatorId) => async (act) => {
  const { scene, db, by, now } = act;
  const { random, roles } = scene;
  const repository = createOperatorRepository(db);
  const operator = await repository.get(ACCOUNT, operatorId);
  if (operator === null) return [];
  const { id, name, expireAfterHours } = operator;
  if (random.happens(0.2)) await repository.delete(ACCOUNT, id, true, by(), now);
  else {
    const expiresAt = random.happens(0.3) ? now + Math.floor(random.between(0, 60_000)) : null;
    const roleId = random.happens(0.6) ? (roles[0] as string) : random.pick(roles);
    await repository.update(
      { accountId: ACCOUNT, id, name, roleId, expireAfterHours, expiresAt, force: true },
      by(),
      now,
    );
  }
  return [];
};

/** Adds an operator in place of a removed one. */
export const addOperator: Change = async ({ scene: { random, operators, roles }, db, by, now }) => {
  const id = random.uuid();
  const access = { name: "operator", roleId: roles[0] as string, expireAfterHours: 0, expiresAt: null };
  const identity = { email: emailOf(id), subject: null, issuer: null };
  const made = await createOperatorRepository(db).create({ id, accountId: ACCOUNT, ...identity, ...access }, by(), now);
  if (typeof made === "object") operators.push(id);
  return [];
};

const emailOf = (id: string) => `${id}@example.com`;
const OPERATION = OPERATIONS.find(({ operationId }) => operationId === "editApiKey") ?? null;

/** A request of an operator: found for it, authorized, and a change that is made some time later. */
export async function requestByOperator(scene: Scene, isolate: Isolate, id: string, change: Change): Promise<void> {
  const { world, random } = scene;
  const call = createCall(scene, isolate, { ...scene.root, id });
  const status = (value: number) => judgeCall(scene, isolate, call, "manage", value);
  const identity = { issuer: "https://issuer.example", subject: id, email: emailOf(id) };
  const made = nothingMade();
  try {
    const entries = await createOperatorFinder(isolate.connect()).find(identity, ACCOUNT, []);
    const entry = chooseEntry(entries, ACCOUNT, call.clock);
    if ("reason" in entry) return status(401);
    const principal = { ...entry.decode(), accounts: [] };
    const facts = { address: null, accountId: ACCOUNT, operation: OPERATION, params: {} };
    const decision = decide(principal, facts, call.clock);
    call.confirmedAt = world.now;
    status(decision.allow ? 200 : decision.denial.reason === "key_expired" ? 401 : 403);
    if (!decision.allow) return;
    await new Promise<void>((resume) => world.after(random.happens(0.5) ? 0 : random.between(0, 5_000), resume));
    const request = { principal, address: null, requestId: call.id, now: isolate.clock.now() };
    await perform(scene, isolate, request, change, made);
  } catch {
    // D1 is out of reach, or the change was not made on what it was authorized on.
  } finally {
    settle(scene, made);
  }
}
