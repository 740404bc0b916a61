// The names of all bindings, variables and secrets.

const BINDINGS = ["DB", "KEY_COPIES", "UPSTREAM", "ASSETS", "AUTH_FAILURE_RATE_LIMIT", "KEY_RATE_LIMIT"];

/** Every name that Gatehouse reads. README.md describes them; anything else is a mistake worth a refusal to serve. */
export const KNOWN_NAMES: ReadonlySet<string> = new Set([
  "DB",
  "KEY_COPIES",
  "UPSTREAM",
  "ASSETS",
  "UPSTREAM_URL",
  "UPSTREAM_AUDIENCE",
  "UPSTREAM_AUTHORIZATION",
  "UPSTREAM_TIMEOUT_SECONDS",
  "UPSTREAM_SERVES_PAGES",
  "FORWARD_HEADERS",
  "KEY_RING",
  "IDENTITY_KEYS",
  "IDENTITY_ISSUER",
  "DEFAULT_KEY_ROLE",
  "STRONG_CHECK",
  "SPECULATIVE_FORWARDING",
  "STALE_IF_ERROR_SECONDS",
  "KEY_CACHE_SIZE",
  "DENIAL_RETENTION_SECONDS",
  "BLOCKED_KEY_IDS",
  "ALLOW_WEBSOCKETS",
  "ALLOWED_HOSTS",
  "ALLOWED_ORIGINS",
  "CORS_ALLOWED_HEADERS",
  "CORS_EXPOSED_HEADERS",
  "OIDC_ISSUER",
  "OIDC_AUDIENCE",
  "OIDC_JWKS_URL",
  "OIDC_ALGORITHMS",
  "OIDC_MAX_TOKEN_AGE_SECONDS",
  "ACCESS_TEAM_DOMAIN",
  "ACCESS_AUDIENCE",
  "LOG_SAMPLE",
  "LOG_FORMAT",
  "AUTH_FAILURE_RATE_LIMIT",
  "KEY_RATE_LIMIT",
  "LIMIT_PERIOD_SECONDS",
]);

/** The names of variables and secrets: what is text. */
export const SETTINGS: readonly string[] = [...KNOWN_NAMES].filter((name) => !BINDINGS.includes(name));
