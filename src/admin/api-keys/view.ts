// An API key as the wire has it. The secret cannot appear here: no stored key contains it.
import { keyStatus } from "../../core/access/principal.ts";
import type { ApiKeyDetails } from "../../store/api-keys/port.ts";
import type { KeyReference } from "../../store/common.ts";
import type { RevocationBounds } from "../ports.ts";
import { toBareRole } from "../roles/view.ts";
import type { KeyReferenceData } from "../schema.ts";
import { toExpiryTime, toIsoString } from "../time.ts";
import type { ApiKeyData, Effective } from "./schema.ts";

/**
 * An API key with its state at a time.
 *
 * @param now milliseconds since the epoch
 */
export function toApiKey(key: ApiKeyDetails, now: number): ApiKeyData {
  return {
    spec: {
      name: key.name,
      description: key.description,
      expire_after_hours: key.expireAfterHours,
      role_id: key.role.id,
      // Always a list: the Terraform provider dereferences it without a check.
      allow_list_info: [...key.allowListIds],
    },
    info: {
      id: key.id,
      issuer: key.issuer,
      metadata: { created_on: toIsoString(key.createdAt), updated_on: toIsoString(key.updatedAt) },
      expiry_time: toExpiryTime(key.expiresAt),
      status: keyStatus(key, now),
      last_used_time: key.lastUsedAt === null ? "Not yet used" : toIsoString(key.lastUsedAt),
      last_used_address: key.lastUsedAddress,
      usage_count: key.usageCount,
      account_id: key.accountId,
      revoked_by_user_id: key.revokedByOperator ? key.revokedById : null,
      revoked_by_user_email: key.revokedByOperator ? key.revokedByName : null,
      revoked_by_api_key_id: key.revokedByOperator ? null : key.revokedById,
      revoked_by_api_key_name: key.revokedByOperator ? null : key.revokedByName,
      revoked_at_time: key.revokedAt === null ? null : toIsoString(key.revokedAt),
      role: toBareRole(key.role, key.accountId, null),
    },
  };
}

/**
 * An API key as a role or an IP allow list refers to it.
 *
 * @param now milliseconds since the epoch
 */
export function toKeyReference(key: KeyReference, now: number): KeyReferenceData {
  return { id: key.id, name: key.name, issuer: key.issuer, status: keyStatus(key, now) };
}

/** How soon a restriction of a key takes effect. */
export function toEffective(bounds: RevocationBounds): Effective {
  return {
    mutations: bounds.mutations,
    reads_within_s: bounds.readsWithinSeconds,
    degraded_reads_within_s: bounds.degradedReadsWithinSeconds,
  };
}
