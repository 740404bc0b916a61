// The rows that audit events explain, and the columns of theirs that decide what somebody may do.

/** A value of a column; `undefined`: an event from before migration 0006 does not say, and the column is not compared. */
export type Value = string | number | null | undefined;
export type Row = Readonly<Record<string, Value>>;

/**
 * By table: the column that names a row, and all that is compared of it. `left_out` are the columns that grant nothing:
 * counts, copies of other columns, and what caches need.
 */
export const TABLES = {
  accounts: {
    key: "id",
    columns: ["name", "created_at", "policy"],
    leftOut: ["version", "idle_since", "idle_checked_at"],
  },
  approvals: {
    key: "id",
    columns: [
      ...["account_id", "operation_id", "fingerprint", "requested_by_type", "requested_by_id", "requested_by_name"],
      ...["created_at", "expires_at", "decision", "decided_at", "decided_by_id", "decided_by_name", "used_at"],
    ],
    // The fingerprint covers what is shown of the change (src/store/approvals/row.ts).
    leftOut: ["method", "path", "body", "reasons", "basis"],
  },
  roles: {
    key: "id",
    columns: ["account_id", "display_name", "description", "permissions", "manages_keys", "deleted_at"],
    leftOut: ["version", "created_at", "updated_at", "name_key"],
  },
  allow_lists: {
    key: "id",
    columns: ["account_id", "project_id", "name", "description", "rules", "created_at", "deleted_at"],
    leftOut: ["version", "name_key"],
  },
  api_keys: {
    key: "id",
    columns: [
      ...["account_id", "hash", "name", "description", "role_id", "restricted", "expire_after_hours", "expires_at"],
      ...["created_at", "issuer", "created_by", "revoked_at", "revoked_by_type", "revoked_by_id", "revoked_by_name"],
      ...["signing_key_id", "signed_expires_at", "disabled_at", "canary", "rotated_from", "predecessor_expires_at"],
      ...["compromised_at", "compromised_url"],
    ],
    leftOut: [
      ...["version", "updated_at", "idempotency_key", "expiry_recorded_at", "last_used_at", "last_used_address"],
      ...["usage_count", "usage_write", "kv_pending", "predecessor_usage_count", "notice_at"],
    ],
  },
  operators: {
    key: "id",
    columns: [
      ...["account_id", "email", "subject", "issuer", "name", "role_id", "expire_after_hours", "expires_at"],
      ...["created_at", "created_by_id", "created_by_name", "deleted_at"],
    ],
    leftOut: ["version", "updated_at"],
  },
  endpoints: {
    key: "id",
    columns: [
      ...["account_id", "name", "origin", "format", "event_types", "created_at", "created_by_id", "created_by_name"],
      ...["disabled_at", "deleted_at"],
    ],
    // `sealed` is authenticated by itself: nobody without KEY_RING makes one.
    leftOut: ["version", "updated_at", "disabled_reason", "sealed", "next_number", "hold_until", "failing_since"],
  },
  api_key_trials: {
    key: "key_id",
    columns: ["id", "role_id", "restricted", "created_at", "created_by_id", "created_by_name"],
    leftOut: ["evaluated"],
  },
} as const satisfies Readonly<Record<string, TableSpec>>;

interface TableSpec {
  readonly key: string;
  readonly columns: readonly string[];
  readonly leftOut: readonly string[];
}

export type TableName = keyof typeof TABLES;

/** The tables that bind allow lists to a key or its dry run, by the table of their owner; compared as its column `lists`. */
export const LISTS = { api_keys: "api_key_allow_lists", api_key_trials: "api_key_trial_lists" } as const;

/** The rows of every table by what names them. */
export type Tables = Readonly<Record<TableName, ReadonlyMap<string, Row>>>;

/** Allow lists as one value: a set, whatever its order. */
export const listsValue = (ids: readonly string[]): string => JSON.stringify([...ids].sort());
