// The public keys of an issuer, cached for ten minutes: fetched at most once in thirty seconds, however many tokens with
// unknown keys clients send.
import type { KeySet } from "../../core/token/oidc-token.ts";
import type { Background } from "../common.ts";
import { createSingleFlight } from "../lib/single-flight.ts";
import { StoreUnavailable, withinWindow } from "../lib/timeouts.ts";
import { FETCH_TIMEOUT_MS, type FetchParts, fetchKeySet, type JwksLocation } from "./issuer-fetch.ts";
import type { IssuerKeys } from "./port.ts";

const CACHE_TTL_MS = 600_000;
const COOLDOWN_MS = 30_000;

export interface JwksParts extends FetchParts {
  readonly at: JwksLocation;
}

/** The key set of one issuer, cached in one isolate. */
export function createIssuerKeys(parts: JwksParts): IssuerKeys {
  const { clock } = parts;
  // Discovery and key set are two fetches.
  const singleFlight = createSingleFlight<"keys", void>(clock, 2 * FETCH_TIMEOUT_MS);
  let cached: { readonly keys: KeySet; readonly fetchedAt: number } | null = null;
  let startedAt = Number.NEGATIVE_INFINITY;
  let failed = false;

  async function load(): Promise<void> {
    startedAt = clock.now();
    failed = true;
    const keys = await fetchKeySet(parts, parts.at);
    cached = { keys, fetchedAt: clock.now() };
    failed = false;
  }

  function freshKeys(): KeySet | null {
    return cached !== null && withinWindow(clock.now(), cached.fetchedAt, CACHE_TTL_MS) ? cached.keys : null;
  }

  return {
    async keysFor(kid: string | null, background: Background) {
      const has = (set: KeySet) => kid === null || set.keys.some((key) => key.kid === kid);
      const known = freshKeys();
      if (known !== null && has(known)) return known;
      const isCooling = withinWindow(clock.now(), startedAt, COOLDOWN_MS);
      if (singleFlight.has("keys") || !isCooling) {
        await singleFlight.run("keys", background, Number.NEGATIVE_INFINITY, load).catch(() => undefined);
      }
      const keys = freshKeys();
      // An unknown key is no proof of a forged token while the issuer cannot be reached: 503, not 401.
      if (keys === null || (failed && !has(keys))) throw new StoreUnavailable("the issuer's keys cannot be read");
      return keys;
    },
  };
}
