// Builders of key records and roles. A test names only the members that it changes.

import type { Permission } from "../../src/core/access/permissions.ts";
import type { KeyRecord, KeyRole } from "../../src/core/access/principal.ts";
import { compileGrant, DEVELOPER } from "../../src/core/access/roles.ts";
import { type KeyClaims, NEVER_EXPIRES_AT } from "../../src/core/token/api-key-token.ts";

/** The fixed time of tests: 2026-02-03T04:05:06Z, in epoch milliseconds. */
export const NOW = Date.UTC(2026, 1, 3, 4, 5, 6);

export const ACCOUNT_ID = "0f3b1c52-6d0a-4a7e-9c55-2f8f0c1d7a10";

/** A Developer key that never expires and may be used from anywhere. */
export function aKey(changes: Partial<KeyRecord> = {}): KeyRecord {
  return {
    id: "7d0e3f0a-1b7c-4c38-8a4e-5d1f6f2b9c01",
    accountId: ACCOUNT_ID,
    name: "ci",
    version: 1,
    role: DEVELOPER,
    addresses: null,
    expiresAt: null,
    revokedAt: null,
    disabledAt: null,
    canary: false,
    dryRun: null,
    ...changes,
  };
}

/** The claims of a record's key, which by itself never expires. */
export function claimsFor(record: Pick<KeyRecord, "id" | "accountId"> | undefined): KeyClaims {
  return { signingKeyId: "k1", keyId: record?.id, accountId: record?.accountId, expiresAt: NEVER_EXPIRES_AT };
}

/** A custom role with these permissions and the implied ones. */
export function aRole(...permissions: Permission[]): KeyRole {
  return { id: "c1f2a1de-58f1-4f0e-a4a8-0a6f1f3f7e02", name: "custom", grant: compileGrant(permissions) };
}
