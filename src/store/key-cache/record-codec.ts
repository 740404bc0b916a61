// Decodes the record of a principal as D1 and KV store it, and compiles it for decisions. Whatever it does not understand
// is an internal error: a corrupt record never denies and never allows a request.

import type { Permission } from "../../core/access/permissions.ts";
import type { DryRun, KeyRecord, KeyRole, Principal } from "../../core/access/principal.ts";
import type { Restrictions } from "../../core/access/restrictions.ts";
import { builtInRole, compileGrant, readPermission } from "../../core/access/roles.ts";
import { type CompiledRules, compileStoredRules } from "../../core/ip/cidr.ts";

/** A `Principal` with its role and its addresses not compiled yet; plain JSON. */
interface StoredPrincipal {
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
  readonly disabledAt: number | null;
  readonly canary: 0 | 1;
}

/** A `KeyRecord` likewise. */
export interface StoredKey extends StoredPrincipal {
  /** JSON of a `StoredDryRun`; `null`: the key has none. */
  readonly trial: string | null;
}

/** The terms of a dry run as they are stored. `roleId: null`: the role stays; `restricted: 0`: the addresses stay. */
export interface StoredDryRun {
  readonly id: string;
  readonly roleId: string | null;
  readonly roleName: string | null;
  readonly permissions: string | null;
  readonly restricted: 0 | 1;
  readonly rules: readonly (readonly string[])[];
}

/** Thrown for a row or a copy that cannot be decoded. Carries the principal's id, if there is one, and nothing else. */
export class CorruptRecord extends Error {
  override readonly name = "CorruptRecord";
}

/** What storage returned for a type: any member may be missing or of another type. */
type Unchecked<T> = { readonly [Name in keyof T]?: unknown };

/** How a restriction is decoded: that of a record, and that of a dry run, whose terms may leave it as it is. */
interface RestrictionDecoder<T> {
  decode(stored: Unchecked<StoredPrincipal>): T;
  decodeDryRun(terms: Unchecked<StoredDryRun>, current: T): T;
}

const RESTRICTION_DECODERS: { readonly [R in keyof Restrictions]: RestrictionDecoder<Restrictions[R]> } = {
  expiresAt: {
    decode: ({ expiresAt }) => timeOrNull(expiresAt),
    decodeDryRun: (_, current) => current,
  },
  addresses: {
    decode: ({ restricted, rules }) => compileAddresses(restricted, text(rules)),
    decodeDryRun: ({ restricted, rules }, current) =>
      restricted === 0 ? current : compileAddresses(restricted, listsOf(rules)),
  },
};

/**
 * Decode and compile the record of a key.
 *
 * @param value a row of D1 or a parsed copy from KV
 * @throws CorruptRecord for a missing or mistyped member, an unknown role or permission, a rule that is not canonical
 */
export function decodeRecord(value: Record<string, unknown>): KeyRecord {
  const principal = decodePrincipal(value);
  const { trial }: Unchecked<StoredKey> = value;
  if (trial === undefined) throw new CorruptRecord(`key ${principal.id} has no member for its dry run`);
  return { ...principal, dryRun: trial === null ? null : decodeDryRun(principal, trial) };
}

/**
 * Decode and compile what keys and operators have in common.
 *
 * @throws CorruptRecord as `decodeRecord` does
 */
export function decodePrincipal(value: Unchecked<StoredPrincipal>): Principal {
  try {
    const [canary, disabledAt] = [flag(value.canary), timeOrNull(value.disabledAt)];
    return {
      id: text(value.id),
      accountId: internText(text(value.accountId)),
      name: text(value.name),
      version: whole(value.version),
      role: compileRole(text(value.roleId), text(value.roleName), value.permissions),
      addresses: RESTRICTION_DECODERS.addresses.decode(value),
      expiresAt: RESTRICTION_DECODERS.expiresAt.decode(value),
      revokedAt: timeOrNull(value.revokedAt),
      // A canary key whose row says that it is not disabled is denied all the same.
      disabledAt: canary ? (disabledAt ?? 0) : disabledAt,
      canary,
    };
  } catch (cause) {
    const id = typeof value.id === "string" ? value.id : "without an id";
    throw new CorruptRecord(`key ${id} cannot be read`, { cause });
  }
}

// Caught to go on, unlike any other internal error: a dry run never decides a request, so one that cannot be read must
// not fail one either. The gateway sees `candidate: null` and logs it.
function decodeDryRun(key: Principal, stored: unknown): DryRun {
  let id = "";
  try {
    const terms = JSON.parse(text(stored)) as Unchecked<StoredDryRun>;
    id = text(terms.id);
    const role =
      terms.roleId === null ? key.role : compileRole(text(terms.roleId), text(terms.roleName), terms.permissions);
    const restrictions: Restrictions = {
      expiresAt: RESTRICTION_DECODERS.expiresAt.decodeDryRun(terms, key.expiresAt),
      addresses: RESTRICTION_DECODERS.addresses.decodeDryRun(terms, key.addresses),
    };
    return { id, candidate: { ...key, role, ...restrictions } };
  } catch {
    return { id, candidate: null };
  }
}

/** A dry run whose lists are lost would deny every address, which no operator has asked for. */
function listsOf(rules: unknown): string {
  if (!Array.isArray(rules) || rules.length === 0) throw new Error("a dry run has lost its lists");
  return JSON.stringify(rules);
}

// Thousands of keys share a few accounts, roles and lists: one object for each text keeps the cache small. A full pool
// is cleared, which costs a recompilation and nothing else.
const INTERN_LIMIT = 1_024;
const accounts = new Map<string, string>();
const roles = new Map<string, KeyRole>();
const ruleSets = new Map<string, CompiledRules>();

function intern<T>(pool: Map<string, T>, text: string, make: () => T): T {
  const known = pool.get(text);
  if (known !== undefined) return known;
  if (pool.size >= INTERN_LIMIT) pool.clear();
  const made = make();
  pool.set(text, made);
  return made;
}

/** Every row brings a text of its own for an account id that all keys of the account share. */
function internText(id: string): string {
  return intern(accounts, id, () => id);
}

function compileRole(id: string, name: string, permissions: unknown): KeyRole {
  if (permissions === null) {
    const builtIn = builtInRole(id);
    if (builtIn === null) throw new Error("a role without permissions is not one of the built-in roles");
    return intern(roles, id, () => ({ id, name: builtIn.displayName, grant: builtIn.grant }));
  }
  const list = text(permissions);
  return intern(roles, `${id} ${name} ${list}`, () => ({ id, name, grant: compileGrant(readPermissions(list)) }));
}

/**
 * Decode a role's permissions.
 *
 * @throws Error when it is not a JSON array of permissions in the catalog
 */
export function readPermissions(json: string): readonly Permission[] {
  const values: unknown = JSON.parse(json);
  if (!Array.isArray(values)) throw new Error("permissions are not a list");
  return values.map((value) => {
    const [resource = "", group = "", more] = typeof value === "string" ? value.split(":") : [];
    const permission = more === undefined ? readPermission(resource, group) : null;
    if (permission === null) throw new Error("a permission is not in the catalog");
    return permission;
  });
}

function compileAddresses(restricted: unknown, json: string): CompiledRules | null {
  if (restricted === 0) return null;
  if (restricted !== 1) throw new Error("restricted is neither 0 nor 1");
  return intern(ruleSets, json, () => {
    const lists: unknown = JSON.parse(json);
    if (!Array.isArray(lists)) throw new Error("rules are not a list");
    return compileStoredRules(lists.flat().map(text));
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

function flag(value: unknown): boolean {
  if (value !== 0 && value !== 1) throw new Error("a flag is neither 0 nor 1");
  return value === 1;
}

function timeOrNull(value: unknown): number | null {
  return value === null ? null : whole(value);
}
