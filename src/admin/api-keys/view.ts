// An API key as the wire has it. There is no way from here to its secret: nothing that is read holds it.
import { keyStatus } from "../../core/access/principal.ts";
import { NEVER_EXPIRES_TEXT } from "../../core/token/api-key-token.ts";
import type { ApiKeyDetails } from "../../store/api-keys/port.ts";
import { toBareRole, toIsoString } from "../roles/view.ts";
import type { ApiKeyData } from "../schema.ts";

export function toApiKey(key: ApiKeyDetails, now: number): ApiKeyData {
  return {
    spec: {
      name: key.name,
      description: key.description,
      expire_after_hours: key.expireAfterHours,
      role_id: key.role.id,
      // Always a list: the Terraform provider follows it without looking.
      allow_list_info: [...key.allowListIds],
    },
    info: {
      id: key.id,
      issuer: key.issuer,
      metadata: { created_on: toIsoString(key.createdAt), updated_on: toIsoString(key.updatedAt) },
      expiry_time: key.expiresAt === null ? NEVER_EXPIRES_TEXT : toIsoString(key.expiresAt),
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
