// Changes of keys, of each kind that the repository makes.

import type { ApiKeyDetails, KeyEdit, NewApiKey, Rotation } from "../../src/store/api-keys/port.ts";
import { createApiKeyRepository } from "../../src/store/api-keys/repository.ts";
import type { Act, Change } from "./changes.ts";
import { ACCOUNT, type Key, mint, signingKeyId } from "./keys.ts";
import { EPOCH } from "./world.ts";

const VIEWER = "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4";

/** Creates a key, and hands it to clients once it is confirmed. */
export const createKey: Change = async (act) => {
  const { random } = act.scene;
  const expiresAt = random.happens(0.2) ? timeOf(act, random.between(1_000, 900_000)) : null;
  const roleId = random.pick(act.scene.roles);
  const allowListIds = random.happens(0.3) ? [random.pick(act.scene.lists)] : [];
  await make(act, { roleId, allowListIds, expiresAt });
  return [];
};

type Terms = Pick<NewApiKey, "roleId" | "allowListIds" | "expiresAt" | "rotation">;

async function make(act: Act, { rotation, ...terms }: Terms, predecessor?: ApiKeyDetails): Promise<void> {
  const { scene, db, now } = act;
  const key = mint(scene.ring, scene.random.uuid(), terms.expiresAt);
  // Now and then a client has it before it is there.
  const isEarly = scene.random.happens(0.2);
  if (isEarly) scene.keys.push(key);
  const outcome = await createApiKeyRepository(db).create(
    {
      ...{ id: key.id, accountId: ACCOUNT, hash: key.hash, signingKeyId, name: `key ${key.id}`, description: "" },
      ...{ expireAfterHours: 0, idempotencyKey: null, ...terms, ...(rotation && { rotation }) },
    },
    act.by(predecessor && { apiKey: predecessor }),
    now,
  );
  if (outcome.outcome === "created" && !isEarly) scene.keys.push(key);
}

/** Gives a key a successor, and an end after an overlap. */
export function rotateKey(key: Key): Change {
  return withKey(key, async (act, details) => {
    const endsAt = Math.min(timeOf(act, act.scene.random.between(0, 30_000)), details.expiresAt ?? Infinity);
    const rotation: Rotation = { predecessorId: key.id, endsAt, bySelf: false };
    const { allowListIds, expiresAt, role } = details;
    await make(act, { roleId: role.id, allowListIds, expiresAt, rotation }, details);
  });
}

/** Moves the end of a rotated key, in either direction; or undoes the rotation. */
export function moveOverlap(key: Key): Change {
  return withKey(key, async (act, details, keys) => {
    const { rotation, name } = details;
    if (rotation?.predecessorId !== key.id) return;
    const rotated = { accountId: ACCOUNT, keyId: key.id, name, successorId: rotation.successorId };
    const before = rotation.predecessorExpiresAt;
    if (act.scene.random.happens(0.3)) {
      await keys.cancelRotation({ ...rotated, expiresAt: before }, act.by({ apiKey: details }), act.now);
      return;
    }
    const endsAt = Math.min(timeOf(act, act.scene.random.between(0, 60_000)), before ?? Infinity);
    await keys.moveOverlap({ ...rotated, endsAt }, act.by({ apiKey: details }), act.now);
  });
}

/** Edits a key: another role, other lists, or another end. */
export function editKey(key: Key, edit: (details: ApiKeyDetails, act: Act) => Partial<KeyEdit>): Change {
  return withKey(key, async (act, details, keys) => {
    const { name, description, role, allowListIds, expireAfterHours, expiresAt } = details;
    const terms = { name, description, roleId: role.id, allowListIds, expireAfterHours, expiresAt };
    const edited = { accountId: ACCOUNT, keyId: key.id, force: true, ...terms, ...edit(details, act) };
    await keys.edit(edited, act.by({ apiKey: details }), act.now);
  });
}

export const lowerRole = (key: Key): Change => editKey(key, () => ({ roleId: VIEWER }));

export const restrict = (key: Key): Change =>
  editKey(key, (_, { scene }) => ({ allowListIds: [scene.random.pick(scene.lists)] }));

export const expireEarlier = (key: Key): Change =>
  editKey(key, ({ expiresAt }, act) => ({
    expiresAt: Math.min(timeOf(act, act.scene.random.between(0, 30_000)), expiresAt ?? Infinity),
  }));

/** Lets a key expire so many milliseconds from now. */
export const expireIn = (key: Key, inMs: number): Change =>
  editKey(key, ({ expiresAt }, act) => ({ expiresAt: Math.min(timeOf(act, inMs), expiresAt ?? Infinity) }));

/** Takes back what was narrowed: any role and address, and the end that the key was signed with. */
export const widen = (key: Key): Change =>
  editKey(key, ({ expiresAt, signedExpiresAt }, { scene: { random, roles } }) => {
    const signed = signedExpiresAt === null ? expiresAt : signedExpiresAt === 0 ? null : signedExpiresAt;
    return { roleId: random.pick(roles), allowListIds: [], expiresAt: signed };
  });

export function setDisabled(key: Key, disabled: boolean): Change {
  return withKey(key, async (act, details, keys) => {
    const disabling = { accountId: ACCOUNT, keyId: key.id, name: details.name, disabled, force: true };
    await keys.setDisabled(disabling, act.by({ apiKey: details }), act.now);
  });
}

/** Revokes a key, whatever else has changed of it. */
export function revoke({ id }: Key): Change {
  return async ({ db, by, now }) => {
    await createApiKeyRepository(db).revoke(ACCOUNT, id, true, by(), now);
    return [id];
  };
}

/** Revokes some keys in one transaction. */
export function revokeMany(some: readonly Key[]): Change {
  return async ({ db, by, now }) => {
    const keys = createApiKeyRepository(db);
    const found = await Promise.all(some.map(({ id }) => keys.get(ACCOUNT, id)));
    const active = found.filter((key) => key !== null && key.revokedAt === null && (key.expiresAt ?? Infinity) > now);
    const revocation = { accountId: ACCOUNT, keys: active as ApiKeyDetails[], filter: {}, force: true };
    await keys.bulkRevoke(revocation, by(), now);
    return some.map(({ id }) => id);
  };
}

type Repository = ReturnType<typeof createApiKeyRepository>;

/** Reads the key, then changes it as it was read. */
function withKey({ id }: Key, change: (act: Act, details: ApiKeyDetails, keys: Repository) => Promise<void>): Change {
  return async (act) => {
    const keys = createApiKeyRepository(act.db);
    const details = await keys.get(ACCOUNT, id);
    if (details === null) return [];
    act.reads(details);
    await change(act, details, keys);
    return [id];
  };
}

/** A time of the world, so many milliseconds from now. */
function timeOf({ scene: { world } }: Act, inMs: number): number {
  return EPOCH + Math.floor(world.now + inMs);
}
