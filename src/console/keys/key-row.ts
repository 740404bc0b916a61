// An API key with only the members that the table and the sheet show: an account may have ten thousand keys.
import type { ApiKeyData } from "../../admin/api-keys/schema.ts";

export type KeyStatus = ApiKeyData["info"]["status"];

export interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly status: KeyStatus;
  readonly roleId: string;
  readonly roleName: string;
  readonly createdBy: string;
  readonly createdAt: number;
  /** `null`: not yet used. */
  readonly lastUsedAt: number | null;
  readonly lastUsedFrom: string | null;
  readonly uses: number;
  /** `null`: never. */
  readonly expiresAt: number | null;
  /** Empty: any address. */
  readonly listIds: readonly string[];
  readonly revokedAt: number | null;
  readonly revokedBy: string | null;
}

const NEVER_YEAR = 2099;
const SOON_MS = 7 * 86_400_000;

/** Converts a key as the API represents it, where a year from 2099 on means no expiry. */
export function rowOf({ spec, info }: ApiKeyData): KeyRow {
  const expires = Date.parse(info.expiry_time.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d)Z$/, "$1:00Z"));
  const used = Date.parse(info.last_used_time);
  return {
    id: info.id,
    name: spec.name,
    description: spec.description,
    status: info.status,
    roleId: spec.role_id,
    roleName: info.role.info.display_name,
    createdBy: info.issuer,
    createdAt: Date.parse(info.metadata.created_on),
    lastUsedAt: Number.isNaN(used) ? null : used,
    lastUsedFrom: info.last_used_address,
    uses: info.usage_count,
    expiresAt: new Date(expires).getUTCFullYear() >= NEVER_YEAR ? null : expires,
    listIds: spec.allow_list_info,
    revokedAt: info.revoked_at_time === null ? null : Date.parse(info.revoked_at_time),
    revokedBy: info.revoked_by_api_key_name ?? info.revoked_by_user_email,
  };
}

/** Whether an active key expires within a week. */
export function expiresSoon(key: KeyRow, now: number): boolean {
  return key.status === "ACTIVE" && key.expiresAt !== null && key.expiresAt - now < SOON_MS;
}
