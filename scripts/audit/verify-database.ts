// Verifies the audit log of a database, and compares its tables with what the events explain.
import { readSigned, type SigningKey, type VerifyingKey } from "../../src/core/audit/checkpoint.ts";
import type { Finding } from "../../src/core/audit/findings.ts";
import { HASHED_COLUMNS, type StoredEvent } from "../../src/core/audit/hash-chain.ts";
import type { KeptEnd } from "../../src/core/audit/kept-end.ts";
import { compareTables } from "../../src/core/audit/replay/compare.ts";
import { createReplay, type Replay } from "../../src/core/audit/replay/replay.ts";
import { withRetiredKeys } from "../../src/core/audit/retired-keys.ts";
import { type Verified, verifyAudit } from "../../src/core/audit/verify.ts";
import type { AccountDay } from "../../src/core/audit/verify-days.ts";
import type { EarlierDay } from "../../src/core/audit/verify-earlier.ts";
import { digestOf, type Published } from "../../src/store/audit/publisher.ts";
import { type ReadRows, readTables } from "../../src/store/audit/tables-sql.ts";

export interface Kept {
  readonly ends: readonly KeptEnd[];
  readonly findings: readonly Finding[];
}

export interface VerifyOptions {
  /** Reads the ends that are kept elsewhere, with the keys that may have signed them. */
  readonly kept: (keys: readonly VerifyingKey[]) => Promise<Kept>;
  readonly witnesses: readonly KeptEnd[];
  /** Whether to compare the tables. */
  readonly state: boolean;
  /** Verifies signatures; a test that verifies the same ones many times remembers them. */
  readonly readSigned?: typeof readSigned;
}

/** Verifies a database. @param keys the published keys of the gateway */
export async function verifyDatabase(
  read: ReadRows,
  keys: readonly SigningKey[],
  { kept, witnesses, state, readSigned: verify = readSigned }: VerifyOptions,
): Promise<Verified> {
  const rows = await read("SELECT kid, jws FROM audit_signing_keys ORDER BY kid");
  const retired = rows.map(({ kid, jws }) => ({ kid: String(kid), jws: String(jws) }));
  const known = await withRetiredKeys(keys, retired);
  const elsewhere = await kept(known.keys);
  const replay = state ? createReplay() : null;
  const verified = await verifyAudit({
    events: readEvents(read, replay),
    days: await readDays(read, known.keys, verify),
    earlierDays: await readEarlierDays(read, known.keys, verify),
    retired: retired.map(({ kid }) => kid),
    kept: [...elsewhere.ends, ...witnesses],
  });
  const findings: Finding[] = [...verified.findings, ...elsewhere.findings];
  for (const kid of known.forged) {
    findings.push({ what: "key_forged", message: `No known key has signed that the key ${kid} is retired.` });
  }
  if (replay !== null) {
    for (const message of replay.findings) findings.push({ what: "unexplained", message: `${message}.` });
    findings.push(...compareTables(replay.tables, await readTables(read)));
  }
  return { ...verified, findings };
}

const PAGE = 500;

async function* readEvents(read: ReadRows, replay: Replay | null): AsyncGenerator<StoredEvent> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const page = await read(`SELECT ${HASHED_COLUMNS.join(", ")}, hash FROM audit_events
      WHERE seq > ${after} ORDER BY seq LIMIT ${PAGE}`);
    for (const row of page as unknown as readonly StoredEvent[]) {
      replay?.add(row);
      yield row;
    }
    const last = page.at(-1);
    if (last === undefined) return;
    after = Number(last.seq);
  }
}

async function readDays(
  read: ReadRows,
  keys: readonly VerifyingKey[],
  verify: typeof readSigned,
): Promise<readonly AccountDay[]> {
  const rows = await read(
    "SELECT account_id, day, number, kid, jws FROM audit_account_checkpoints ORDER BY account_id, day",
  );
  return Promise.all(
    rows.map(async ({ account_id: account, day, number, kid, jws }) => ({
      ...{ account: String(account), day: String(day), number: Number(number), kid: String(kid) },
      signed: await verify("checkpoint", String(jws), keys),
    })),
  );
}

async function readEarlierDays(
  read: ReadRows,
  keys: readonly VerifyingKey[],
  verify: typeof readSigned,
): Promise<readonly EarlierDay[]> {
  const rows = await read("SELECT day, seq, jws FROM audit_checkpoints ORDER BY day");
  return Promise.all(
    rows.map(async ({ day, seq, jws }) => ({
      ...{ day: String(day), seq: Number(seq) },
      signed: await verify("earlier", String(jws), keys),
    })),
  );
}

/**
 * The ends that KV keeps, and those that were published.
 *
 * @param published JSON of what was published, whose digest must be the one that was signed
 */
export async function keptEnds(
  inKv: readonly string[],
  published: readonly string[],
  keys: readonly VerifyingKey[],
): Promise<Kept> {
  const findings: Finding[] = [];
  const all = inKv.map((jws) => ({ jws, from: "the end that KV keeps" }));
  for (const text of published) {
    const { statement, heads } = JSON.parse(text) as Published;
    if ((await readSigned("statement", statement, keys))?.digest !== digestOf(heads)) {
      const message = "What was published was not signed by a known key, or was changed.";
      findings.push({ what: "head_forged", message });
    }
    all.push(...heads.map((jws) => ({ jws, from: "the end that was published" })));
  }
  const ends: KeptEnd[] = [];
  for (const { jws, from } of all) {
    const said = await readSigned("checkpoint", jws, keys);
    if (said === null) findings.push({ what: "head_forged", message: `No known key has signed ${from}.` });
    else ends.push({ ...said, from });
  }
  return { ends, findings };
}
