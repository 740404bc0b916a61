// The bindings as given, and what is read from them. Knows nothing of requests.

export interface Env {
  readonly DB: D1Database;
  readonly GATEHOUSE_URL?: string;
  readonly GATEHOUSE?: Fetcher;
  readonly AUDIENCE?: string;
  readonly ISSUER?: string;
}

export interface Config {
  readonly jwksUrl: URL;
  readonly audience: string;
  readonly issuer: string;
  /** How the keys are fetched when the door is bound to us; `null` is over the network. */
  readonly door: Fetcher | null;
}

/**
 * What the demo runs with, or every fault of its configuration at once.
 *
 * @param env the Worker's bindings
 */
export function readConfig(env: Env): Config | { readonly faults: string[] } {
  const faults: string[] = [];
  const door = env.GATEHOUSE ?? null;
  // Through a binding the host of the address is of no account, but there has to be one.
  const origin = env.GATEHOUSE_URL || (door === null ? "" : "https://gatehouse");
  const jwksUrl = URL.parse("/.well-known/gatehouse/jwks.json", origin);
  if (jwksUrl === null || !/^https?:$/.test(jwksUrl.protocol)) {
    faults.push("GATEHOUSE_URL must be the door's http(s) address, or the door be bound as GATEHOUSE");
  }
  if (!env.AUDIENCE) faults.push("AUDIENCE is missing: the audience that the door puts into its identities");
  if (faults.length > 0 || jwksUrl === null || !env.AUDIENCE) return { faults };
  return { jwksUrl, audience: env.AUDIENCE, issuer: env.ISSUER || "gatehouse", door };
}
