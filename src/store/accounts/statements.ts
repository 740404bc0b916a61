// The statements that make an account with its Admin key and their audit event: for the Worker, which binds the values, and
// for the scripts, which write them into SQL.
import { ADMIN } from "../../core/access/roles.ts";
import type { NewAccount } from "./port.ts";

/** SQL with the values of its placeholders, in their order. */
export interface AccountStatement {
  readonly sql: string;
  readonly values: readonly (string | number | null)[];
}

/** `first`: only when there is no account at all. `any`: also another one, or another key of an account that exists. */
export type AccountCondition = "first" | "any";

const CONDITIONS: Readonly<Record<AccountCondition, string>> = {
  first: "NOT EXISTS (SELECT 1 FROM accounts)",
  any: "true",
};

/**
 * The statements of a new account, to be run in one transaction.
 *
 * @param eventId the id of the audit event
 * @returns the account first: the others do nothing unless it exists
 */
export function accountStatements(
  account: NewAccount,
  eventId: string,
  condition: AccountCondition,
): readonly AccountStatement[] {
  const { id, name, keyId, keyHash, now, address, requestId } = account;
  return [
    {
      sql: `INSERT INTO accounts (id, name, created_at)
        SELECT ?, ?, ? WHERE ${CONDITIONS[condition]} ON CONFLICT DO NOTHING`,
      values: [id, name, now],
    },
    {
      sql: `INSERT INTO api_keys (id, account_id, hash, name, description, role_id, restricted, expire_after_hours,
          created_at, updated_at, issuer)
        SELECT ?, id, ?, 'bootstrap', 'Made by the bootstrap of this deployment', ?, 0, 0, ?, ?, 'bootstrap'
        FROM accounts WHERE id = ?`,
      values: [keyId, keyHash, ADMIN.id, now, now, id],
    },
    {
      sql: `INSERT INTO audit_events (id, account_id, event_type, resource_type, resource_id, resource_name, actor_type,
          actor_name, address, request_id, message, created_at)
        SELECT ?, id, 'CREATE', 'API_KEY', ?, 'bootstrap', 'SYSTEM', 'bootstrap', ?, ?, 'Create API Key', ?
        FROM accounts WHERE id = ?`,
      values: [eventId, keyId, address, requestId, now, id],
    },
  ];
}
