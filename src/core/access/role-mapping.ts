// Roles of people without an entry of their own: the groups that the issuer states for them are mapped to roles, so that joining
// and leaving happen at the issuer.
import { sha256Hex } from "../token/sha256.ts";

/** By account: pairs of a group and the id of a role, in the order of their precedence. */
export type RoleMap = ReadonlyMap<string, readonly (readonly [group: string, roleId: string])[]>;

/** The role that somebody has in an account by their groups. */
export interface MappedRole {
  readonly accountId: string;
  readonly roleId: string;
}

/**
 * The roles of somebody with these groups: at most one for each account, by the first of its pairs whose group they have.
 *
 * @param groups compared exactly, letter case included
 */
export function rolesOfGroups(map: RoleMap, groups: readonly string[]): readonly MappedRole[] {
  const own = new Set(groups);
  const roles: MappedRole[] = [];
  for (const [accountId, pairs] of map) {
    const pair = pairs.find(([group]) => own.has(group));
    if (pair !== undefined) roles.push({ accountId, roleId: pair[1] });
  }
  return roles;
}

/** Whether people may have a role of an account by their groups. */
export function isMapped(map: RoleMap, { accountId, roleId }: MappedRole): boolean {
  return map.get(accountId)?.some(([, mapped]) => mapped === roleId) ?? false;
}

// OpenID Connect Core section 2, `sub`: at most 255 ASCII characters.
const SUBJECT = /^[\x20-\x7e]+$/;

/**
 * The id of somebody without an entry: the same for the same subject of the same issuer, in one account. RFC 9562 section 5.8.
 *
 * @returns `null` for a subject that OpenID Connect does not allow: nobody is mapped by it
 */
export function mappedOperatorId(issuer: string, subject: string, accountId: string): string | null {
  if (!SUBJECT.test(subject)) return null;
  const hash = sha256Hex(JSON.stringify([encodeURI(issuer), subject, accountId]));
  const variant = "89ab"[Number.parseInt(hash.charAt(16), 16) & 3];
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
