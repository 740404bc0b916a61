// New secrets of a deployment, and the SQL of its first account and Admin key.
import { newIdentityKeys, newKeyRing } from "../src/console/first-start/new-secrets.ts";
import { NAME, NAME_ERROR } from "../src/core/names.ts";
import { type KeyRing, mintKey, readKeyRing } from "../src/core/token/api-key-token.ts";
import type { NewAccount } from "../src/store/accounts/port.ts";
import { accountStatements } from "../src/store/accounts/statements.ts";
import type { Condition } from "../src/store/lib/conditions.ts";

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
  readonly statements: readonly string[];
  readonly token: string;
  readonly accountId: string;
  readonly keyId: string;
}

/**
 * The first account and its Admin key.
 *
 * @param keyRing the JSON of KEY_RING
 * @param keyName `recovery`: a further key of an account that exists
 * @throws Error when the ring or the name cannot be used
 */
export async function firstKey(
  keyRing: string,
  accountName: string,
  accountId: string,
  now: number,
  keyName: NewAccount["keyName"] = "bootstrap",
): Promise<FirstKey> {
  const ring = parseKeyRing(keyRing);
  const name = accountName.normalize("NFC");
  if (!NAME.test(name)) throw new Error(NAME_ERROR);
  const keyId = crypto.randomUUID();
  const { token, hash: keyHash, signingKeyId } = await mintKey(ring, { keyId, accountId, expiresAt: null, now });
  const account = {
    id: accountId,
    name,
    keyId,
    keyName,
    keyHash,
    signingKeyId,
    now,
    address: null,
    requestId: null,
  };
  const statements = accountStatements(account, crypto.randomUUID(), "any", ring);
  return { statements: statements.map(toSql), token, accountId, keyId };
}

/** A statement as SQL text, since `wrangler d1 execute` binds no values. No placeholder is inside quotes. */
export function toSql({ sql, values }: Condition): string {
  const literals = values.map((value) =>
    typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value ?? "NULL"),
  );
  return sql.replace(/\?/g, () => literals.shift() ?? "");
}
