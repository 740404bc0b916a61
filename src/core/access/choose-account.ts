// Which account a person acts in: the one that the request names, or the only one there is. It is never guessed, so an
// account that adds somebody else's operator takes over none of their requests.
import type { Denial } from "./decision.ts";
import type { AccountRef } from "./principal.ts";

/** A person's entry in one account. */
export interface AccountEntry {
  readonly account: AccountRef;
  /** Milliseconds since the epoch; `null`: never. */
  readonly expiresAt: number | null;
  /** `false`: the role that the person's groups are mapped to does not exist in the account. */
  readonly hasRole: boolean;
}

/** The accounts of the usable entries, each once and in their order. */
export function accountsOf(entries: readonly AccountEntry[], now: number): readonly AccountRef[] {
  const usable = entries.filter((entry) => isUsable(entry, now));
  return [...new Map(usable.map(({ account }) => [account.id, account])).values()];
}

/**
 * Choose a person's entry for a request. Entries that have expired or lack their role are passed over while there are others.
 *
 * @param entries of one person, the preferred ones first
 * @param wanted the id of the account that the request names; `null`: it names none
 * @param now milliseconds since the epoch
 * @returns the entry in that account; the person's only one when that account has none or none is named, to be compared with
 *   what was wanted; or the denial of a request that has no such entry, or names none of several accounts
 */
export function chooseEntry<E extends AccountEntry>(
  entries: readonly E[],
  wanted: string | null,
  now: number,
): E | Denial {
  const ordered = [...entries.filter((entry) => isUsable(entry, now)), ...entries];
  const there = ordered.find(({ account }) => account.id === wanted);
  if (there !== undefined) return there.hasRole ? there : { reason: "mapped_role_missing" };
  const [first] = ordered;
  if (first === undefined) return { reason: "operator_unknown" };
  const accounts = accountsOf(entries, now);
  if ((accounts.length === 1 || entries.length === 1) && first.hasRole) return first;
  if (wanted !== null) return { reason: "account_mismatch" };
  if (accounts.length > 1) return { reason: "account_required", accounts };
  const expiries = entries.map(({ expiresAt }) => expiresAt).filter((each) => each !== null);
  return expiries.length === 0
    ? { reason: "mapped_role_missing" }
    : { reason: "key_expired", expiredAt: Math.max(...expiries) };
}

function isUsable({ expiresAt, hasRole }: AccountEntry, now: number): boolean {
  return hasRole && (expiresAt === null || now < expiresAt);
}
