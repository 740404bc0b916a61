// The first account in D1.
import type { KeyRing } from "../../core/token/api-key-token.ts";
import type { AccountState, FirstAccount } from "./port.ts";
import { accountStatements } from "./statements.ts";

const TABLE_EXISTS = "SELECT count(*) AS found FROM sqlite_master WHERE type = 'table' AND name = 'accounts'";
const ACCOUNT_EXISTS = "SELECT EXISTS (SELECT 1 FROM accounts) AS found";

/**
 * @param db read on its primary: another request may just have made the account
 * @param ring authenticates the audit event; `null`: there is none yet, so that no account can be made
 */
export function createFirstAccount(db: D1Database, ring: KeyRing | null): FirstAccount {
  // Accounts are never deleted. Without this, every request to the first-start page of a deployment in use would cost a row.
  let exists = false;

  async function found(sql: string): Promise<boolean> {
    const row = await db.prepare(sql).first<{ found: number }>();
    return row !== null && row.found > 0;
  }

  return {
    async state(): Promise<AccountState> {
      if (!exists) {
        if (!(await found(TABLE_EXISTS))) return "tables_missing";
        exists = await found(ACCOUNT_EXISTS);
      }
      return exists ? "account_exists" : "account_missing";
    },
    async create(account) {
      if (ring === null) throw new Error("there is no key ring to authenticate the audit event");
      const statements = accountStatements(account, crypto.randomUUID(), "first", ring);
      const results = await db.batch([
        ...statements.map(({ sql, values }) => db.prepare(sql).bind(...values)),
        db.prepare("SELECT id FROM accounts WHERE id = ?").bind(account.id),
      ]);
      exists = true;
      return results.at(-1)?.results.length === 1;
    },
  };
}
