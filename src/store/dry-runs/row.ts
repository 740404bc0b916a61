// A key's trial as operators see it: its terms, and what it would have refused so far.
import { OTHERS } from "../../core/access/dry-run.ts";
import type { DryRunDetails } from "./port.ts";

const EXAMPLES = 10;

const TRIAL = `SELECT t.id, t.role_id, t.restricted, t.created_at, t.created_by_name, t.evaluated,
    (SELECT json_group_array(allow_list_id) FROM (SELECT allow_list_id FROM api_key_trial_lists
      WHERE key_id = t.key_id ORDER BY position, allow_list_id)) AS lists
  FROM api_key_trials t JOIN api_keys k ON k.id = t.key_id WHERE t.key_id = ? AND k.account_id = ?`;

const OF_TRIAL = "FROM trial_refusals f WHERE f.trial_id IN (SELECT id FROM api_key_trials WHERE key_id = ?)";

const REASONS = `SELECT reason, sum(count) AS count, min(first_at) AS firstAt, max(last_at) AS lastAt ${OF_TRIAL}
  GROUP BY reason ORDER BY 2 DESC, 1`;

const NETWORKS = `SELECT count(DISTINCT iif(network IN ('', '${OTHERS}'), NULL, network)) AS networks,
  total(network = '${OTHERS}') AS others ${OF_TRIAL}`;

const LATEST = `SELECT reason, network, operation, count, first_at AS firstAt, last_at AS lastAt ${OF_TRIAL}
  AND network <> '${OTHERS}' ORDER BY last_at DESC, reason, network, operation LIMIT ${EXAMPLES}`;

interface TrialRow {
  readonly id: string;
  readonly role_id: string | null;
  readonly restricted: number;
  readonly created_at: number;
  readonly created_by_name: string;
  readonly evaluated: number;
  readonly lists: string;
}

interface Counted {
  readonly reason: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

export async function readDryRun(db: D1Database, accountId: string, keyId: string): Promise<DryRunDetails | null> {
  // One transaction, so that counts are never those of another trial.
  const [dryRuns, reasons, networks, latest] = await db.batch([
    db.prepare(TRIAL).bind(keyId, accountId),
    ...[REASONS, NETWORKS, LATEST].map((sql) => db.prepare(sql).bind(keyId)),
  ]);
  const row = dryRuns?.results[0] as TrialRow | undefined;
  if (row === undefined) return null;
  const told = networks?.results[0] as { readonly networks: number; readonly others: number };
  const examples = (latest?.results ?? []) as unknown as readonly (Counted & {
    readonly network: string;
    readonly operation: string;
  })[];
  return {
    id: row.id,
    roleId: row.role_id,
    allowListIds: row.restricted === 1 ? (JSON.parse(row.lists) as string[]) : null,
    createdAt: row.created_at,
    createdByName: row.created_by_name,
    evaluated: row.evaluated,
    denials: (reasons?.results ?? []) as unknown as readonly Counted[],
    networks: told.networks,
    networksComplete: told.others === 0,
    examples: examples.map((example) => ({ ...example, network: example.network === "" ? null : example.network })),
  };
}
