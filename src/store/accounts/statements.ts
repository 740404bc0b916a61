// The statements that make an account with its Admin key, or reset its policy, with their audit event: for the Worker, which binds the values, and
// for the scripts, which write them into SQL.
import { NO_POLICY, toWirePolicy } from "../../core/access/account-policy.ts";
import { ADMIN } from "../../core/access/roles.ts";
import type { KeyRing } from "../../core/token/api-key-token.ts";
import type { NewApiKey } from "../api-keys/port.ts";
import { keyDetail, keyEvent } from "../api-keys/statements.ts";
import { type AuditEvent, insertEvent } from "../audit/audit-event.ts";
import type { ActorDetails } from "../common.ts";
import { type Condition, TRUE } from "../lib/conditions.ts";
import type { NewAccount } from "./port.ts";

/** `first`: only when there is no account at all. `any`: also another one, or another key of an account that exists. */
export type AccountCondition = "first" | "any";

const CONDITIONS: Readonly<Record<AccountCondition, string>> = {
  first: "NOT EXISTS (SELECT 1 FROM accounts)",
  any: "true",
};

const DESCRIPTIONS: Readonly<Record<NewAccount["keyName"], string>> = {
  bootstrap: "Made with the account",
  recovery: "Made by npm run admin-key",
};

/**
 * The statements of a new account, to be run in one transaction.
 *
 * @param eventId the id of the audit event
 * @param ring authenticates the audit event
 * @returns the account first: the others do nothing unless it exists
 */
export function accountStatements(
  account: NewAccount,
  eventId: string,
  condition: AccountCondition,
  ring: KeyRing,
): readonly Condition[] {
  const { id, name, keyId, keyName, keyHash, signingKeyId, now, address, requestId } = account;
  const key: NewApiKey = {
    ...{ id: keyId, accountId: id, hash: keyHash, name: keyName, description: DESCRIPTIONS[keyName], roleId: ADMIN.id },
    ...{ allowListIds: [], expireAfterHours: 0, expiresAt: null, idempotencyKey: null, signingKeyId },
  };
  const detail = { ...keyDetail(key), account_name: name };
  const change = {
    event: keyEvent("CREATE", { accountId: id, keyId, name: keyName }, "Create API Key", detail),
    actor: { type: "SYSTEM", id: null, name: keyName, address, requestId },
    now,
  } as const;
  const accountExists: Condition = { sql: "EXISTS (SELECT 1 FROM accounts WHERE id = ?)", values: [id] };
  return [
    {
      sql: `INSERT INTO accounts (id, name, created_at)
        SELECT ?, ?, ? WHERE ${CONDITIONS[condition]} ON CONFLICT DO NOTHING`,
      values: [id, name, now],
    },
    {
      sql: `INSERT INTO api_keys (id, account_id, hash, name, description, role_id, restricted, expire_after_hours,
          created_at, updated_at, issuer, signing_key_id)
        SELECT ?, id, ?, ?, ?, ?, 0, 0, ?, ?, ?, ? FROM accounts WHERE id = ?`,
      values: [keyId, keyHash, keyName, DESCRIPTIONS[keyName], ADMIN.id, now, now, keyName, signingKeyId, id],
    },
    insertEvent(ring, eventId, change, accountExists),
  ];
}

/** The statements that replace the policy of an account with none, and their audit event; to be run in one transaction. */
export function resetStatements(
  { id, name }: { readonly id: string; readonly name: string },
  ring: KeyRing,
  actor: ActorDetails,
  now: number,
): readonly Condition[] {
  const after = toWirePolicy(NO_POLICY);
  return [
    {
      sql: "UPDATE accounts SET policy = ?, idle_since = NULL, version = version + 1 WHERE id = ?",
      values: [JSON.stringify(after), id],
    },
    insertEvent(ring, crypto.randomUUID(), { event: policyEvent(id, name, { after }), actor, now }, TRUE),
  ];
}

/** The audit event of a change of an account's policy. */
export function policyEvent(accountId: string, name: string, detail: Readonly<Record<string, unknown>>): AuditEvent {
  const message = "The policy of the account was changed";
  return {
    accountId,
    eventType: "EDIT",
    resourceType: "ACCOUNT",
    resourceId: accountId,
    resourceName: name,
    message,
    detail,
  };
}
