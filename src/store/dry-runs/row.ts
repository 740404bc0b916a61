// A key's dry run as operators see it: its terms, and what it would have denied so far.
import { OTHERS } from "../../core/access/dry-run.ts";
import type { ApiKeyRef } from "../api-keys/statements.ts";
import type { DryRunDenialCount, DryRunDetails } from "./port.ts";

const MAX_EXAMPLES = 10;

const DRY_RUN = `SELECT t.id, t.role_id, t.restricted, t.created_at, t.created_by_name, t.evaluated,
    (SELECT json_group_array(allow_list_id) FROM (SELECT allow_list_id FROM api_key_trial_lists
      WHERE key_id = t.key_id ORDER BY position, allow_list_id)) AS lists
  FROM api_key_trials t JOIN api_keys k ON k.id = t.key_id WHERE t.key_id = ? AND k.account_id = ?`;

const OF_DRY_RUN = "FROM trial_refusals f WHERE f.trial_id IN (SELECT id FROM api_key_trials WHERE key_id = ?)";

const REASONS = `SELECT reason, sum(count) AS count, min(first_at) AS firstAt, max(last_at) AS lastAt ${OF_DRY_RUN}
  GROUP BY reason ORDER BY 2 DESC, 1`;

const NETWORKS = `SELECT count(DISTINCT iif(network IN ('', '${OTHERS}'), NULL, network)) AS networks,
  total(network = '${OTHERS}') AS others ${OF_DRY_RUN}`;

const LATEST = `SELECT reason, network, operation, count, first_at AS firstAt, last_at AS lastAt ${OF_DRY_RUN}
  AND network <> '${OTHERS}' ORDER BY last_at DESC, reason, network, operation LIMIT ${MAX_EXAMPLES}`;

interface DryRunRow {
  readonly id: string;
  readonly role_id: string | null;
  readonly restricted: number;
  readonly created_at: number;
  readonly created_by_name: string;
  readonly evaluated: number;
  readonly lists: string;
}

interface NetworksRow {
  readonly networks: number;
  /** Denials that were counted without their network, since there were too many. */
  readonly others: number;
}

interface ExampleRow extends DryRunDenialCount {
  readonly network: string;
  readonly operation: string;
}

export async function readDryRun(db: D1Database, { accountId, keyId }: ApiKeyRef): Promise<DryRunDetails | null> {
  // One transaction, so that the counts belong to this dry run.
  const [dryRuns, reasons, networks, latest] = await db.batch<unknown>([
    db.prepare(DRY_RUN).bind(keyId, accountId),
    ...[REASONS, NETWORKS, LATEST].map((sql) => db.prepare(sql).bind(keyId)),
  ]);
  const row = dryRuns?.results[0] as DryRunRow | undefined;
  if (row === undefined) return null;
  const counted = networks?.results[0] as NetworksRow;
  const examples = (latest?.results ?? []) as readonly ExampleRow[];
  return {
    id: row.id,
    roleId: row.role_id,
    allowListIds: row.restricted === 1 ? (JSON.parse(row.lists) as string[]) : null,
    createdAt: row.created_at,
    createdByName: row.created_by_name,
    evaluated: row.evaluated,
    denials: (reasons?.results ?? []) as readonly DryRunDenialCount[],
    networks: counted.networks,
    networksComplete: counted.others === 0,
    examples: examples.map((example) => ({ ...example, network: example.network === "" ? null : example.network })),
  };
}
