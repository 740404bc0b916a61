// What the configuration says to everything that changes or shows a database. Kept beside the database, so that no change
// is written and no manager counted without it, and no repository has to pass it on.
import type { UnusableReason } from "../core/access/principal.ts";
import type { KeyRing } from "../core/token/api-key-token.ts";

/** How many resources an account may have. */
export interface Quotas {
  /** Neither revoked nor expired. */
  readonly apiKeys: number;
  readonly roles: number;
  readonly allowLists: number;
  /** Expired ones count until they are removed. */
  readonly operators: number;
  readonly endpoints: number;
}

export interface StoreConfig {
  /** Authenticates the audit events of all changes; a key that none of its secrets has signed does not authenticate. */
  readonly ring: KeyRing;
  /** BLOCKED_KEY_IDS: these keys do not authenticate. */
  readonly blockedKeyIds: ReadonlySet<string>;
  /** The issuers whose tokens are accepted. Without any, no operator can authenticate. */
  readonly issuers: ReadonlySet<string>;
  /** How much each account may have; left out: anything. */
  readonly quotas?: Quotas;
}

const configs = new WeakMap<D1Database, StoreConfig>();

/** Applies to everything that is done in a database from now on. */
export function configureStore(db: D1Database, config: StoreConfig): void {
  configs.set(db, config);
}

/** @throws Error for a database without a configuration: nothing may be guessed in its place */
export function storeConfigOf(db: D1Database): StoreConfig {
  const config = configs.get(db);
  if (config === undefined) throw new Error("this database has no configuration");
  return config;
}

/** The ids of the secrets in the ring. */
export function signingKeyIds({ ring }: StoreConfig): readonly string[] {
  return [...ring.secrets.values()].map(({ id }) => id);
}

/**
 * Why a key does not authenticate although it is neither revoked nor expired.
 *
 * @param key its row; an unknown `signing_key_id`, `null`, is no reason
 */
export function unusableReason(
  config: StoreConfig,
  key: {
    readonly id: string;
    readonly signing_key_id: string | null;
    readonly disabled_at: number | null;
    readonly canary: number;
  },
): UnusableReason | null {
  if (config.blockedKeyIds.has(key.id)) return "blocked";
  const { signing_key_id: secret } = key;
  if (secret !== null && !signingKeyIds(config).includes(secret)) return "signing_key_removed";
  if (key.canary === 1) return "canary";
  return key.disabled_at === null ? null : "disabled";
}
