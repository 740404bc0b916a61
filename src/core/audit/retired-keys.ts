// The identity keys that verify a log: a retired one stays good for what it has signed before.
import { readSigned, type SigningKey, type VerifyingKey } from "./checkpoint.ts";

/** A row of `audit_signing_keys`. */
export interface RetiredKeyRow {
  readonly kid: string;
  readonly jws: string;
}

/**
 * The keys that verify a log: those of the gateway, and those that they, or keys after them, have retired.
 *
 * @param current the published keys
 * @returns the keys, and the ids of the rows that none of them has signed
 */
export async function withRetiredKeys(
  current: readonly SigningKey[],
  rows: readonly RetiredKeyRow[],
): Promise<{ readonly keys: readonly VerifyingKey[]; readonly forged: readonly string[] }> {
  const keys: VerifyingKey[] = [...current];
  for (let open = rows; ; ) {
    const left: RetiredKeyRow[] = [];
    for (const row of open) {
      const said = await readSigned("retired", row.jws, keys);
      if (said === null || said.kid !== row.kid) left.push(row);
      // A key that is still published needs no limit.
      else if (keys.every(({ kid }) => kid !== said.kid)) {
        keys.push({ kty: "OKP", crv: "Ed25519", kid: said.kid, x: said.x, until: said.until });
      }
    }
    if (left.length === open.length) return { keys, forged: left.map(({ kid }) => kid) };
    open = left;
  }
}
