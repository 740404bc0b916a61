// An API key with only the members that the table and the sheet show: an account may have ten thousand keys.
import type { ApiKeyData } from "../../admin/api-keys/schema.ts";

/** As the API has it, but that a key which only is disabled and a canary key have a status of their own. */
export type KeyStatus = ApiKeyData["info"]["status"] | "DISABLED" | "CANARY";

export interface KeyRow {
  readonly id: string;
  /** What an edit is based on. */
  readonly etag: string;
  readonly name: string;
  readonly description: string;
  readonly status: KeyStatus;
  readonly roleId: string;
  readonly roleName: string;
  readonly createdBy: string;
  /** `null`: nobody of the account. */
  readonly createdById: string | null;
  readonly createdAt: number;
  /** `null`: not yet used. */
  readonly lastUsedAt: number | null;
  readonly lastUsedFrom: string | null;
  readonly uses: number;
  /** `null`: never. */
  readonly expiresAt: number | null;
  /** Empty: any address. */
  readonly listIds: readonly string[];
  readonly rotation: ApiKeyData["info"]["rotation"];
  readonly revokedAt: number | null;
  readonly revokedBy: string | null;
  /** The id in KEY_RING of the secret that has signed it; `null`: not known. */
  readonly signingKeyId: string | null;
  /** Why it does not authenticate although nobody revoked it. */
  readonly unusable: ApiKeyData["info"]["unusable_reason"];
  /** When it was first reported as leaked, and where it was found. */
  readonly compromised: { readonly at: number; readonly url: string | null } | null;
}

const NEVER_YEAR = 2099;
const DAY_MS = 86_400_000;

/** Converts a key as the API represents it, where a year from 2099 on means no expiry. */
export function rowOf({ spec, info }: ApiKeyData): KeyRow {
  const expires = Date.parse(info.expiry_time.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d)Z$/, "$1:00Z"));
  const used = Date.parse(info.last_used_time);
  return {
    id: info.id,
    etag: info.etag,
    name: spec.name,
    description: spec.description,
    status: info.revoked_at_time === null ? statusOf(info.status, info.unusable_reason, expires) : info.status,
    roleId: spec.role_id,
    roleName: info.role.info.display_name,
    createdBy: info.issuer,
    createdById: info.created_by_id,
    createdAt: Date.parse(info.metadata.created_on),
    lastUsedAt: Number.isNaN(used) ? null : used,
    lastUsedFrom: info.last_used_address,
    uses: info.usage_count,
    expiresAt: new Date(expires).getUTCFullYear() >= NEVER_YEAR ? null : expires,
    listIds: spec.allow_list_info,
    rotation: info.rotation,
    revokedAt: info.revoked_at_time === null ? null : Date.parse(info.revoked_at_time),
    revokedBy: info.revoked_by_api_key_name ?? info.revoked_by_user_email,
    signingKeyId: info.signing_key_id,
    unusable: info.unusable_reason,
    compromised:
      info.compromised_on === null ? null : { at: Date.parse(info.compromised_on), url: info.compromised_url },
  };
}

function statusOf(status: ApiKeyData["info"]["status"], unusable: KeyRow["unusable"], expires: number): KeyStatus {
  if (unusable === "canary") return "CANARY";
  if (unusable !== "disabled") return status;
  // An expired key cannot be enabled.
  return expires <= Date.now() ? "EXPIRED" : "DISABLED";
}

/** Whether a key is revoked or expired. A disabled key can be enabled, and a canary key waits for its use. */
export function hasEnded({ status }: KeyRow): boolean {
  return status === "REVOKED" || status === "EXPIRED";
}

/** Whether an active key expires within a number of days: a week, unless another one is given. */
export function expiresSoon(key: KeyRow, now: number, days = 7): boolean {
  return key.status === "ACTIVE" && key.expiresAt !== null && key.expiresAt - now < days * DAY_MS;
}
