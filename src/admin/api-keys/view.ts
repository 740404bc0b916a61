// An API key as the wire has it. The secret cannot appear here: no stored key contains it.
import { keyStatus } from "../../core/access/principal.ts";
import type { ApiKeyDetails, RotationDetails } from "../../store/api-keys/port.ts";
import type { KeyReference } from "../../store/common.ts";
import type { RevocationBounds } from "../ports.ts";
import { etagOf } from "../preconditions.ts";
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
      etag: etagOf(key),
      issuer: key.issuer,
      created_by_id: key.createdById,
      metadata: { created_on: toIsoString(key.createdAt), updated_on: toIsoString(key.updatedAt) },
      expiry_time: toExpiryTime(key.expiresAt),
      status: keyStatus(key, now),
      last_used_time: key.lastUsedAt === null ? "Not yet used" : toIsoString(key.lastUsedAt),
      last_used_address: key.lastUsedAddress,
      usage_count: key.usageCount,
      account_id: key.accountId,
      latest_expiry_time: toExpiryTime(key.signedExpiresAt),
      rotation: key.rotation && toRotation(key.rotation),
      disabled_at_time: key.disabledAt === null ? null : toIsoString(key.disabledAt),
      canary: key.canary,
      revoked_by_user_id: key.revokedByOperator ? key.revokedById : null,
      revoked_by_user_email: key.revokedByOperator ? key.revokedByName : null,
      revoked_by_api_key_id: key.revokedByOperator ? null : key.revokedById,
      revoked_by_api_key_name: key.revokedByOperator ? null : key.revokedByName,
      revoked_at_time: key.revokedAt === null ? null : toIsoString(key.revokedAt),
      role: toBareRole(key.role, key.accountId, null),
      signing_key_id: key.signingKeyId,
      unusable_reason: key.unusableReason,
      compromised_on: key.compromised && toIsoString(key.compromised.at),
      compromised_url: key.compromised?.url ?? null,
    },
  };
}

function toRotation(rotation: RotationDetails) {
  return {
    ...{ predecessor_id: rotation.predecessorId, successor_id: rotation.successorId },
    rotated_on: toIsoString(rotation.rotatedAt),
    ...{ predecessor_requests: rotation.predecessorRequests, successor_requests: rotation.successorRequests },
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
