// Single denied requests that wait for the next write. Every key has places of its own, and clients without a valid key have one
// key's places together, so that no flood takes the places of others.
import type { DeniedRequest } from "./port.ts";

/** The most requests that are kept: of one key (or of all clients without one), and in all. */
const MAX_OF_KEY = 20;
const MAX = 200;

/** Requests by account and key. */
export type KeptRequests = Map<string, RequestsOfKey>;

interface RequestsOfKey {
  readonly accountId: string;
  /** The oldest first. */
  readonly requests: DeniedRequest[];
}

/**
 * Keep a request in place of the oldest one of its key, when the key's places are taken.
 *
 * @param owner the account and key; empty texts: there is no valid key
 * @param details the request; made only when it is kept
 * @param inFlood whether it is not kept when the key's places are taken
 */
export function keepRequest(
  kept: KeptRequests,
  { accountId, keyId }: { readonly accountId: string; readonly keyId: string },
  details: () => DeniedRequest,
  inFlood: boolean,
): void {
  const name = `${accountId} ${keyId}`;
  const own = kept.get(name) ?? { accountId, requests: [] };
  if (own.requests.length >= MAX_OF_KEY) {
    if (inFlood) return;
    own.requests.shift();
  } else if (sumOf(kept.values()) >= MAX) dropOne(kept);
  own.requests.push(details());
  kept.set(name, own);
}

/** Drops the oldest request of the key that has most, in the account that has most: many keys of one account are one flood. */
function dropOne(kept: KeptRequests): void {
  const accounts = [...Map.groupBy(kept, ([, { accountId }]) => accountId).values()];
  const account = accounts.reduce((most, each) => (countOf(each) > countOf(most) ? each : most));
  const [name, { requests }] = account.reduce((most, each) => (lengthOf(each) > lengthOf(most) ? each : most));
  requests.shift();
  if (requests.length === 0) kept.delete(name);
}

const lengthOf = ([, { requests }]: [string, RequestsOfKey]): number => requests.length;
const countOf = (account: readonly [string, RequestsOfKey][]): number => sumOf(account.map(([, each]) => each));

function sumOf(kept: Iterable<RequestsOfKey>): number {
  let sum = 0;
  for (const { requests } of kept) sum += requests.length;
  return sum;
}
