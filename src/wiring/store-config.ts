// What the store is told of the configuration: by the admin API and by maintenance, whichever loads first.
import type { Config } from "../config/config.ts";
import type { StoreConfig } from "../store/store-config.ts";

/** The secrets that sign keys, the blocked keys, the issuers whose tokens operators may present, and the quotas. */
export function storeConfig({ ring, policy, oidc, access, quotas }: Config): StoreConfig {
  const issuers = [oidc, access].flatMap((issuer) => (issuer === null ? [] : [issuer.trusted.issuer]));
  return { ring, blockedKeyIds: policy.blockedKeyIds, issuers: new Set(issuers), quotas };
}
