// The policies of accounts in D1.
import { type AccountPolicy, fromWirePolicy, toWirePolicy } from "../../core/access/account-policy.ts";
import { twoOperatorsManageKeys } from "../api-keys/last-manager.ts";
import { makeChange, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { TRUE } from "../lib/conditions.ts";
import { storeConfigOf } from "../store-config.ts";
import type { PolicyRepository, StoredPolicy } from "./port.ts";
import { policyEvent } from "./statements.ts";

export function createPolicyRepository(db: D1Database): PolicyRepository {
  return {
    get: (accountId) => getPolicy(db, accountId),
    update: (account, policy, actor, now) => updatePolicy(db, account, policy, actor, now),
  };
}

const SELECT_POLICY = "SELECT id, name, version, policy FROM accounts WHERE id = ?";

async function getPolicy(db: D1Database, accountId: string): Promise<StoredPolicy> {
  const row = await db.prepare(SELECT_POLICY).bind(accountId).first<PolicyRow>();
  if (row === null) throw new Error(`account ${accountId} does not exist`);
  return { ...row, policy: fromWirePolicy(JSON.parse(row.policy)) };
}

interface PolicyRow {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly policy: string;
}

async function updatePolicy(
  db: D1Database,
  account: StoredPolicy,
  policy: AccountPolicy,
  actor: Actor,
  now: number,
): Promise<StoredPolicy | "second_person_missing"> {
  const { id, name } = account;
  const { disableAfterIdleDays: days } = policy;
  const earlier = account.policy.disableAfterIdleDays;
  const restarts = days !== null && (earlier === null || days < earlier);
  const after = toWirePolicy(policy);
  const failed = await makeChange(db, {
    event: {
      ...policyEvent(id, name, { after }),
      before: { sql: "SELECT policy FROM accounts WHERE id = ?", values: [id] },
    },
    actor,
    now,
    conditions: {
      second_person_missing: policy.secondPerson ? twoOperatorsManageKeys(storeConfigOf(db), id, now) : TRUE,
    },
    statements: [
      statement(
        `UPDATE accounts SET policy = ?, idle_since = iif(?, ifnull(?, idle_since), NULL), version = version + 1
          WHERE id = ? AND $permitted`,
        ...[JSON.stringify(after), days === null ? 0 : 1, restarts ? now : null, id],
      ),
    ],
  });
  return failed ?? { ...account, policy, version: account.version + 1 };
}
