// The public keys of an issuer, fetched and remembered: asked for at most once in thirty seconds, whatever callers send,
// and believed for at most ten minutes.
import type { KeySet } from "../../core/token/oidc-token.ts";
import type { Background } from "../common.ts";
import { createSingleFlight } from "../lib/single-flight.ts";
import { type Clock, StoreUnavailable } from "../lib/timeouts.ts";
import type { IssuerKeys } from "./port.ts";

const BELIEVED_MS = 600_000;
const COOLDOWN_MS = 30_000;
const FETCH_BUDGET_MS = 5_000;
const MAX_BYTES = 262_144;

export interface JwksParts {
  /** Where the keys are, or an issuer whose discovery document says where. */
  readonly at: { readonly jwksUrl: string } | { readonly issuer: string };
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
}

/** The keys of one issuer, as one isolate knows them. */
export function createIssuerKeys({ at, fetch, clock }: JwksParts): IssuerKeys {
  const singleFlight = createSingleFlight<"keys", void>(clock, 2 * FETCH_BUDGET_MS);
  let known: { readonly keys: KeySet; readonly since: number } | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let failed = false;

  async function readJson(url: string): Promise<Record<string, unknown>> {
    const end = new AbortController();
    const callOff = clock.after(FETCH_BUDGET_MS, () => end.abort());
    try {
      // A redirect could lead to keys of somebody else.
      const answer = await fetch(url, {
        redirect: "manual",
        signal: end.signal,
        headers: { accept: "application/json" },
      });
      if (answer.status !== 200) throw new Error(`${new URL(url).host} answered ${answer.status}`);
      const value: unknown = JSON.parse(await readBounded(answer));
      if (typeof value !== "object" || value === null) throw new Error("what the issuer answers is no object");
      return value as Record<string, unknown>;
    } finally {
      callOff();
    }
  }

  async function locate(): Promise<string> {
    if ("jwksUrl" in at) return at.jwksUrl;
    const found = await readJson(`${at.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    // OpenID Connect Discovery section 4.3: whoever answers for another issuer is not this one.
    if (found.issuer !== at.issuer) throw new Error("the discovery document is another issuer's");
    const url = URL.parse(String(found.jwks_uri));
    const secure = url?.protocol === "https:" || (url?.protocol === "http:" && at.issuer.startsWith("http:"));
    if (url === null || !secure) throw new Error("the discovery document names no https jwks_uri");
    return url.href;
  }

  async function load(): Promise<void> {
    askedAt = clock.now();
    failed = true;
    const set = await readJson(await locate());
    if (!Array.isArray(set.keys)) throw new Error("the issuer's key set has no keys");
    known = { keys: set as unknown as KeySet, since: clock.now() };
    failed = false;
  }

  function believed(): KeySet | null {
    return known !== null && clock.now() - known.since < BELIEVED_MS ? known.keys : null;
  }

  return {
    async keysFor(kid: string | null, background: Background) {
      const has = (set: KeySet) => kid === null || set.keys.some((key) => key.kid === kid);
      const before = believed();
      if (before !== null && has(before)) return before;
      const cooling = clock.now() - askedAt < COOLDOWN_MS;
      if (singleFlight.has("keys") || !cooling) {
        await singleFlight.run("keys", background, Number.NEGATIVE_INFINITY, load).catch(() => undefined);
      }
      const now = believed();
      // Not known, and nobody to ask: that is no reason to call somebody's identity wrong.
      if (now === null || (failed && !has(now))) throw new StoreUnavailable("the issuer's keys cannot be read");
      return now;
    },
  };
}

async function readBounded(answer: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let [text, length] = ["", 0];
  for await (const part of answer.body ?? []) {
    length += part.byteLength;
    if (length > MAX_BYTES) throw new Error("what the issuer answers is too long");
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}
