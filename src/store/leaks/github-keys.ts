// GitHub's public keys, cached for ten minutes, and fetched at most once in thirty seconds, however many ids clients send.
import type { GithubKey } from "../../core/leaks/github.ts";
import { type Clock, StoreUnavailable, withTimeout } from "../lib/timeouts.ts";
import type { GithubKeys } from "./port.ts";

const CACHE_TTL_MS = 600_000;
const COOLDOWN_MS = 30_000;
const FETCH_TIMEOUT_MS = 5_000;

interface Parts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
  readonly url: string;
}

export function createGithubKeys({ fetch, clock, url }: Parts): GithubKeys {
  let keys: readonly GithubKey[] = [];
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let startedAt = Number.NEGATIVE_INFINITY;

  async function load(): Promise<void> {
    startedAt = clock.now();
    const headers = { accept: "application/json", "user-agent": "Gatehouse" };
    const response = await withTimeout(clock, FETCH_TIMEOUT_MS, "GitHub", fetch(url, { redirect: "manual", headers }));
    if (response.status !== 200) throw new StoreUnavailable(`GitHub answered ${response.status}`);
    const { public_keys: found } = (await response.json()) as { public_keys?: readonly GithubKey[] };
    if (!Array.isArray(found)) throw new StoreUnavailable("GitHub names no public keys");
    keys = found;
    fetchedAt = clock.now();
  }

  return {
    async find(keyId) {
      const known = () => keys.find((key) => key.key_identifier === keyId);
      const isFresh = () => clock.now() - fetchedAt < CACHE_TTL_MS;
      if ((!isFresh() || known() === undefined) && clock.now() - startedAt >= COOLDOWN_MS) await load();
      if (!isFresh()) throw new StoreUnavailable("GitHub's public keys cannot be read");
      const key = known();
      return key?.is_current === true ? key : null;
    },
  };
}
