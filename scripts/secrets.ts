// New secrets of a deployment, and the SQL of its first account and Admin key.
import { newIdentityKeys, newKeyRing } from "../src/console/first-start/new-secrets.ts";
import { type KeyRing, mintKey, readKeyRing } from "../src/core/token/api-key-token.ts";
import { ACCOUNT_NAME, ACCOUNT_NAME_ERROR } from "../src/store/accounts/port.ts";
import { type AccountStatement, accountStatements } from "../src/store/accounts/statements.ts";

export { newIdentityKeys, newKeyRing };

/** New secrets, as .dev.vars has them. */
export async function newSecretVars(): Promise<string> {
  return `KEY_RING='${newKeyRing(new Date())}'\nIDENTITY_KEYS='${await newIdentityKeys()}'\n`;
}

/** The key ring of KEY_RING's JSON. @throws Error with everything that is wrong with it */
export function parseKeyRing(text: string): KeyRing {
  const read = readKeyRing(text);
  if ("errors" in read) throw new Error(`KEY_RING cannot be used: ${read.errors.join("; ")}`);
  return read.ring;
}

/** What a first account needs: the statements that make it, and the key, which is nowhere in them. */
export interface FirstKey {
  readonly sql: string;
  readonly token: string;
  readonly accountId: string;
  readonly keyId: string;
}

/**
 * The first account and its Admin key.
 *
 * @param keyRing the JSON of KEY_RING
 * @throws Error when the ring or the name cannot be used
 */
export async function firstKey(
  keyRing: string,
  accountName: string,
  accountId: string,
  now: number,
): Promise<FirstKey> {
  const ring = parseKeyRing(keyRing);
  if (!ACCOUNT_NAME.test(accountName)) throw new Error(ACCOUNT_NAME_ERROR);
  const keyId = crypto.randomUUID();
  const { token, hash: keyHash } = await mintKey(ring, { keyId, accountId, expiresAt: null, now });
  const account = { id: accountId, name: accountName, keyId, keyHash, now, address: null, requestId: null };
  const statements = accountStatements(account, crypto.randomUUID(), "any");
  return { sql: `${statements.map(toSql).join(";\n")};\n`, token, accountId, keyId };
}

/** A statement as SQL text, since `wrangler d1 execute` binds no values. No placeholder is inside quotes. */
function toSql({ sql, values }: AccountStatement): string {
  const literals = values.map((value) =>
    typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value ?? "NULL"),
  );
  return sql.replace(/\?/g, () => literals.shift() ?? "");
}
