// Fetches the key set of an issuer, from a configured URL or from the one that the issuer's discovery document names.
import type { KeySet } from "../../core/token/oidc-token.ts";
import type { Clock } from "../lib/timeouts.ts";

/** One response; with discovery two are fetched. */
export const FETCH_TIMEOUT_MS = 5_000;
const MAX_BYTES = 262_144;

/** Where an issuer's keys are: at a URL, or where the discovery document of the issuer says. */
export type JwksLocation = { readonly jwksUrl: string } | { readonly issuer: string };

export interface FetchParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
}

/**
 * Fetches a key set.
 *
 * @throws Error for a response that is not 200, too long, no JSON object, or a key set without keys; for a discovery
 *   document of another issuer or without an https `jwks_uri`; and after `FETCH_TIMEOUT_MS` for each response
 */
export async function fetchKeySet(parts: FetchParts, location: JwksLocation): Promise<KeySet> {
  const set = await fetchJson(parts, "jwksUrl" in location ? location.jwksUrl : await discover(parts, location.issuer));
  if (!Array.isArray(set.keys)) throw new Error("the issuer's key set has no keys");
  return set as unknown as KeySet;
}

async function discover(parts: FetchParts, issuer: string): Promise<string> {
  const document = await fetchJson(parts, `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  // OpenID Connect Discovery section 4.3: the issuer of the document must be exactly the configured one.
  if (document.issuer !== issuer) throw new Error("the discovery document is another issuer's");
  const url = URL.parse(String(document.jwks_uri));
  const isSecure = url?.protocol === "https:" || (url?.protocol === "http:" && issuer.startsWith("http:"));
  if (url === null || !isSecure) throw new Error("the discovery document names no https jwks_uri");
  return url.href;
}

async function fetchJson({ fetch, clock }: FetchParts, url: string): Promise<Record<string, unknown>> {
  const controller = new AbortController();
  const cancel = clock.after(FETCH_TIMEOUT_MS, () => controller.abort());
  try {
    const response = await fetch(url, {
      // A redirect could lead to the keys of another issuer.
      redirect: "manual",
      signal: controller.signal,
      headers: { accept: "application/json" },
    });
    if (response.status !== 200) throw new Error(`${new URL(url).host} answered ${response.status}`);
    const value: unknown = JSON.parse(await readBounded(response));
    if (typeof value !== "object" || value === null) throw new Error("the issuer's response is not a JSON object");
    return value as Record<string, unknown>;
  } finally {
    cancel();
  }
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let [text, length] = ["", 0];
  for await (const part of response.body ?? []) {
    length += part.byteLength;
    if (length > MAX_BYTES) throw new Error("the issuer's response is too long");
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}
