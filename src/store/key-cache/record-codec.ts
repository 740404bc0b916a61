// The decision record as text: what D1's row and KV's copy have in common, and the one place that reads it back.
// Refuses whatever it does not understand: a corrupt record is a fault, never a key.

import type { Permission } from "../../core/access/permissions.ts";
import type { DryRun, KeyRecord, KeyRole } from "../../core/access/principal.ts";
import { builtInRole, compileGrant, readPermission } from "../../core/access/roles.ts";
import { type CompiledRules, compileRules } from "../../core/ip/cidr.ts";

/** A `KeyRecord` with its role and addresses not yet compiled; plain JSON. */
export interface StoredKey {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly version: number;
  readonly roleId: string;
  readonly roleName: string;
  /** JSON array of permissions; `null`: a built-in role. */
  readonly permissions: string | null;
  readonly restricted: 0 | 1;
  /** JSON array of arrays of canonical rules, one per list. */
  readonly rules: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** JSON of a `StoredTrial`; `null`, or missing in a copy from before there were trials: none. */
  readonly trial?: string | null;
}

/** The terms of a trial as they are stored. `roleId: null`: the role stays; `restricted: 0`: the addresses stay. */
export interface StoredDryRun {
  readonly id: string;
  readonly roleId: string | null;
  readonly roleName: string | null;
  readonly permissions: string | null;
  readonly restricted: 0 | 1;
  readonly rules: readonly (readonly string[])[];
}

/** Thrown for a row or a copy that cannot be a key. Carries the key's id, when it has one, and nothing else of it. */
export class CorruptRecord extends Error {
  override readonly name = "CorruptRecord";
}

// Thousands of keys share a few accounts, roles and lists: one object for each text keeps 20,000 records small. Cleared
// when full, which costs a recompilation and nothing else.
const INTERN_LIMIT = 1_024;
const accounts = new Map<string, string>();
const grants = new Map<string, KeyRole>();
const ruleSets = new Map<string, CompiledRules>();

function intern<T>(pool: Map<string, T>, text: string, make: () => T): T {
  const known = pool.get(text);
  if (known !== undefined) return known;
  if (pool.size >= INTERN_LIMIT) pool.clear();
  const made = make();
  pool.set(text, made);
  return made;
}

/** Every row that is read brings texts of its own: 52 bytes for an id that a whole account has in common. */
function internText(id: string): string {
  return intern(accounts, id, () => id);
}

/**
 * Read a record back and compile it.
 *
 * @param value a row of D1 or a parsed copy from KV
 * @throws CorruptRecord for a missing or mistyped member, an unknown role or permission, a rule that is not canonical
 */
export function decodeRecord(value: Record<string, unknown>): KeyRecord {
  const id = typeof value.id === "string" ? value.id : "without an id";
  let record: KeyRecord;
  try {
    record = {
      id: text(value.id),
      accountId: internText(text(value.accountId)),
      name: text(value.name),
      version: whole(value.version),
      role: compileRole(text(value.roleId), text(value.roleName), value.permissions),
      addresses: compileAddresses(value.restricted, text(value.rules)),
      expiresAt: timeOrNull(value.expiresAt),
      revokedAt: timeOrNull(value.revokedAt),
      dryRun: null,
    };
  } catch (cause) {
    throw new CorruptRecord(`key ${id} cannot be read`, { cause });
  }
  return value.trial === null || value.trial === undefined
    ? record
    : { ...record, dryRun: decodeDryRun(record, value.trial) };
}

// Caught to go on, against the rule of the house: a trial has no say in the verdict, so one that cannot be read must not
// have any either. The gateway sees `tried: null` and logs the fault.
function decodeDryRun(key: KeyRecord, stored: unknown): DryRun {
  let id = "";
  try {
    const dryRun = JSON.parse(text(stored)) as Record<string, unknown>;
    id = text(dryRun.id);
    const role =
      dryRun.roleId === null ? key.role : compileRole(text(dryRun.roleId), text(dryRun.roleName), dryRun.permissions);
    const addresses =
      dryRun.restricted === 0 ? key.addresses : compileAddresses(dryRun.restricted, rulesOf(dryRun.rules));
    return { id, candidate: { ...key, role, addresses } };
  } catch {
    return { id, candidate: null };
  }
}

/** Lists that are lost would make a trial of "nobody", which nobody has asked for. */
function rulesOf(rules: unknown): string {
  if (!Array.isArray(rules) || rules.length === 0) throw new Error("a trial has lost its lists");
  return JSON.stringify(rules);
}

function compileRole(id: string, name: string, permissions: unknown): KeyRole {
  if (permissions === null) {
    const builtIn = builtInRole(id);
    if (builtIn === null) throw new Error("a role without permissions is not one of the built-in roles");
    return intern(grants, id, () => ({ id, name: builtIn.displayName, grant: builtIn.grant }));
  }
  const list = text(permissions);
  return intern(grants, `${id} ${name} ${list}`, () => ({ id, name, grant: compileGrant(readPermissions(list)) }));
}

/**
 * Read a role's permissions as they are stored.
 *
 * @throws Error when it is not a JSON array of permissions that the catalogue knows
 */
export function readPermissions(json: string): readonly Permission[] {
  const values: unknown = JSON.parse(json);
  if (!Array.isArray(values)) throw new Error("permissions are not a list");
  return values.map((value) => {
    const [resource = "", group = "", more] = typeof value === "string" ? value.split(":") : [];
    const permission = more === undefined ? readPermission(resource, group) : null;
    if (permission === null) throw new Error("a permission is not in the catalogue");
    return permission;
  });
}

function compileAddresses(restricted: unknown, json: string): CompiledRules | null {
  if (restricted === 0) return null;
  if (restricted !== 1) throw new Error("restricted is neither 0 nor 1");
  return intern(ruleSets, json, () => {
    const lists: unknown = JSON.parse(json);
    if (!Array.isArray(lists)) throw new Error("rules are not a list");
    return compileRules(lists.flat().map(text));
  });
}

function text(value: unknown): string {
  if (typeof value !== "string" || value === "") throw new Error("a text is missing");
  return value;
}

function whole(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new Error("a whole number is missing");
  return value as number;
}

function timeOrNull(value: unknown): number | null {
  return value === null ? null : whole(value);
}
