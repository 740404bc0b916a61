// The bindings as given, and the configuration that is read from them.

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
  /** The binding to Gatehouse by which the keys are fetched; `null`: over the network. */
  readonly gatehouse: Fetcher | null;
}

/**
 * The configuration, or all of its errors at once.
 *
 * @param env the Worker's bindings
 */
export function readConfig(env: Env): Config | { readonly errors: string[] } {
  const errors: string[] = [];
  const gatehouse = env.GATEHOUSE ?? null;
  // A binding ignores the host of the address, but a URL needs one.
  const origin = env.GATEHOUSE_URL || (gatehouse === null ? "" : "https://gatehouse");
  const jwksUrl = URL.parse("/.well-known/gatehouse/jwks.json", origin);
  if (jwksUrl === null || !/^https?:$/.test(jwksUrl.protocol)) {
    errors.push("GATEHOUSE_URL must be Gatehouse's http(s) address, or Gatehouse must be bound as GATEHOUSE");
  }
  if (!env.AUDIENCE) errors.push("AUDIENCE is missing: the audience of Gatehouse's identities");
  if (errors.length > 0 || jwksUrl === null || !env.AUDIENCE) return { errors };
  return { jwksUrl, audience: env.AUDIENCE, issuer: env.ISSUER || "gatehouse", gatehouse };
}
