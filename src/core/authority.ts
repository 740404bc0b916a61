// How much of its own power a key may give away: never more than it has. Names every excess at once, so that whoever asked
// can mend all of it. Knows nothing of requests or of where roles and lists are kept.
import type { Fault } from "./envelope.ts";
import { compileRules, covers } from "./ip-rules.ts";
import type { KeyRecord } from "./key.ts";
import { type Grant, holds, includes } from "./roles.ts";

/** What a key's power consists of. */
export type Maker = Pick<KeyRecord, "expiresAt" | "addresses"> & { readonly role: { readonly grant: Grant } };

/** The power that a new key would have. */
export interface WantedKey {
  readonly grant: Grant;
  readonly expiresAt: number | null;
  /** The rules of all its lists together; `null`: it has no lists, and any address may use it. */
  readonly rules: readonly string[] | null;
}

/**
 * Where a new key would have more than the key that makes it; empty when it may be made. Fields are those of the request.
 *
 * @throws Error if a rule is not canonical
 */
export function excessOfKey(maker: Maker, wanted: WantedKey): readonly Fault[] {
  const faults: Fault[] = [];
  const role = excessOfGrant(maker.role.grant, wanted.grant);
  if (role !== null) faults.push({ field: "role_id", message: `The role has what this key has not: ${role}.` });
  if (maker.expiresAt !== null && outlives(maker, wanted)) {
    const end = new Date(maker.expiresAt).toISOString();
    faults.push({
      field: "expire_after_hours",
      message: `The new key would outlive this key, which expires at ${end}.`,
    });
  }
  const addresses = excessOfAddresses(maker, wanted);
  if (addresses !== null) faults.push({ field: "allow_list_info", message: addresses });
  return faults;
}

/**
 * Where a role has, or would have, more than the key that makes or changes it. To weaken a stronger role is an excess
 * as well: a key has no say over keys that are above it.
 *
 * @param before what the role may do now; `null` for a new one
 */
export function excessOfRole(maker: Maker, before: Grant | null, after: Grant): readonly Fault[] {
  const faults: Fault[] = [];
  const had = before && excessOfGrant(maker.role.grant, before);
  if (had) faults.push({ field: "role_id", message: `The role has what this key has not: ${had}.` });
  const wants = excessOfGrant(maker.role.grant, after);
  if (wants) faults.push({ field: "permissions", message: `The role would have what this key has not: ${wants}.` });
  return faults;
}

/** Somebody who has a role, as far as a change of it gives them power. `rules` as of a new key. */
export interface Holder extends Omit<WantedKey, "grant"> {
  readonly name: string;
}

/**
 * Where widening a role would give somebody who has it more than whoever widens it: they outlive them, or may call from
 * where they may not. Narrowing a role gives nobody anything.
 */
export function excessOfHolders(
  maker: Maker,
  before: Grant,
  after: Grant,
  holders: readonly Holder[],
): readonly Fault[] {
  if (includes(before, after)) return [];
  return holders
    .filter((holder) => outlives(maker, holder) || excessOfAddresses(maker, holder) !== null)
    .slice(0, NAMED)
    .map(({ name }) => ({
      field: "permissions",
      message: `${name} has this role, and expires later or may be used from more addresses than whoever asks.`,
    }));
}

/** Where a key can do what whoever would revoke it cannot. To take away is no gain, so expiry and addresses do not count. */
export function excessOfRevocation(
  maker: Maker & { readonly id: string },
  keyId: string,
  grant: Grant,
): readonly Fault[] {
  if (maker.id === keyId) return [];
  const had = excessOfGrant(maker.role.grant, grant);
  return had === null ? [] : [{ field: "role_id", message: `The key has what whoever asks has not: ${had}.` }];
}

/**
 * Where changing a key takes what whoever asks has not: to touch one with a permission that they lack, or to leave one with
 * more than they have. Names the fields of a trial.
 *
 * @param before what the key may do now
 * @param after the whole key as it would be
 */
export function excessOfChange(maker: Maker, before: Grant, after: WantedKey): readonly Fault[] {
  const had = excessOfGrant(maker.role.grant, before);
  if (had !== null) return [{ field: "api_key_id", message: `The key has what whoever asks has not: ${had}.` }];
  return excessOfKey(maker, after).map((fault) =>
    fault.field === "expire_after_hours" ? { field: "api_key_id", message: OUTLIVES } : fault,
  );
}

const OUTLIVES = "The key outlives whoever asks.";

function outlives(maker: Maker, { expiresAt }: { readonly expiresAt: number | null }): boolean {
  return maker.expiresAt !== null && (expiresAt === null || expiresAt > maker.expiresAt);
}

/** The power that an operator would have: from any address, since people have no lists. */
export interface WantedOperator {
  readonly grant: Grant;
  readonly expiresAt: number | null;
}

/**
 * Where an operator has, or would have, more than whoever adds or changes them.
 *
 * @param before what the operator may do now; `null` for a new one
 */
export function excessOfOperator(maker: Maker, before: Grant | null, after: WantedOperator): readonly Fault[] {
  const had = before === null ? [] : excessOfRole(maker, before, { everything: false, permissions: new Set() });
  const wants = excessOfKey(maker, { ...after, rules: null }).map((fault) =>
    fault.field === "allow_list_info" ? { field: "body", message: BOUND } : fault,
  );
  return [...had, ...wants];
}

const BOUND = "Whoever asks is bound to IP allow lists, which an operator would not be.";

const NAMED = 8;

function excessOfGrant(outer: Grant, inner: Grant): string | null {
  if (includes(outer, inner)) return null;
  const missing = [...inner.permissions].filter((permission) => !holds(outer, permission));
  if (inner.everything) missing.length = 0;
  if (missing.length === 0) return "every operation, known or not";
  const rest = missing.length - NAMED;
  return missing.slice(0, NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

function excessOfAddresses(maker: Maker, wanted: Pick<WantedKey, "rules">): string | null {
  if (maker.addresses === null) return null;
  if (wanted.rules === null)
    return "This key is bound to IP allow lists, so the new key must be bound to some as well.";
  if (covers(maker.addresses, compileRules(wanted.rules))) return null;
  return "The IP allow lists let in addresses from which this key itself may not be used.";
}
