// An API key as the wire has it. There is no way from here to its secret: nothing that is read holds it.
import { keyStatus } from "../core/key.ts";
import { NEVER_EXPIRES_TEXT } from "../core/token.ts";
import type { KeyDetails } from "../store/ports.ts";
import type { ApiKeyData } from "./contract.ts";
import { instantText, viewBareRole } from "./role-view.ts";

export function viewKey(key: KeyDetails, now: number): ApiKeyData {
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
      metadata: { created_on: instantText(key.createdAt), updated_on: instantText(key.updatedAt) },
      expiry_time: key.expiresAt === null ? NEVER_EXPIRES_TEXT : instantText(key.expiresAt),
      status: keyStatus(key, now),
      last_used_time: key.lastUsedAt === null ? "Not yet used" : instantText(key.lastUsedAt),
      last_used_address: key.lastUsedAddress,
      usage_count: key.usageCount,
      account_id: key.accountId,
      revoked_by_user_id: key.revokedByOperator ? key.revokedById : null,
      revoked_by_user_email: key.revokedByOperator ? key.revokedByName : null,
      revoked_by_api_key_id: key.revokedByOperator ? null : key.revokedById,
      revoked_by_api_key_name: key.revokedByOperator ? null : key.revokedByName,
      revoked_at_time: key.revokedAt === null ? null : instantText(key.revokedAt),
      role: viewBareRole(key.role, key.accountId, null),
    },
  };
}
