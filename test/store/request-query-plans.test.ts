// The cost in D1 of the statements of a request, the change feed and scheduled maintenance: query plans, and the size of a
// key.
import { beforeEach, expect, it } from "vitest";
import { RECORD_USES } from "../../src/store/api-keys/usage.ts";
import { FIND_APPROVAL } from "../../src/store/approvals/repository.ts";
import { COUNT_DENIED, COUNT_EVALUATED } from "../../src/store/dry-runs/recorder.ts";
import {
  FIND_BY_HASH,
  FIND_BY_HASHES,
  FIND_PENDING,
  FIND_PENDING_OF,
  READ_CHANGES,
} from "../../src/store/key-cache/d1-records.ts";
import { ACCOUNTS_TO_CHECK, IDLE_KEYS } from "../../src/store/maintenance/idle-keys.ts";
import { CLEAR_PENDING } from "../../src/store/maintenance/kv-sync.ts";
import { KEYS_TO_EXPIRE, PRUNE } from "../../src/store/maintenance/maintenance.ts";
import { READ_MERGED, WRITE_COUNTS } from "../../src/store/metrics/recorder.ts";
import {
  FIND_STALE,
  MARK_MERGED,
  MERGE,
  PRUNE_MERGED,
  READ_BACKLOGS,
  READ_COUNTS,
} from "../../src/store/metrics/repository.ts";
import { FIND_MAPPED, FIND as FIND_OPERATORS } from "../../src/store/operators/repository.ts";
import { ACCOUNT, db, makeAccounts, VIEWER_ROLE } from "./builders.ts";

beforeEach(makeAccounts);

it.each(
  Object.entries({
    FIND_BY_HASH,
    FIND_BY_HASHES,
    FIND_OPERATORS,
    FIND_MAPPED,
    FIND_PENDING,
    FIND_PENDING_OF,
    READ_CHANGES,
    KEYS_TO_EXPIRE,
    ACCOUNTS_TO_CHECK,
    IDLE_KEYS,
    FIND_APPROVAL,
    CLEAR_PENDING,
    RECORD_USES,
    COUNT_EVALUATED,
    COUNT_DENIED,
    WRITE_COUNTS,
    READ_MERGED,
    READ_COUNTS,
    READ_BACKLOGS,
    FIND_STALE,
    MERGE,
    MARK_MERGED,
    PRUNE_MERGED,
  }),
)("scans no table: %s", async (_, sql) => {
  const placeholders = new Set(sql.match(/\?\d/g)).size + (sql.match(/\?(?!\d)/g)?.length ?? 0);
  const { results } = await db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...Array.from({ length: placeholders }, () => null))
    .all<{ detail: string }>();
  const scans = results
    .map(({ detail }) => detail)
    .filter((detail) =>
      /^SCAN (k|r|b|l|t|x|f|o|a|d|w|accounts|approvals|api_keys|audit_events|deliveries|endpoints|key_changes|api_key_trials|metric_counts|trial_refusals)\b/.test(
        detail,
      ),
    );
  expect(scans).toEqual([]);
});

it("prunes the change log without a sort", async () => {
  const { results } = await db.prepare(`EXPLAIN QUERY PLAN ${PRUNE}`).bind(0).all<{ detail: string }>();
  expect(results.some(({ detail }) => detail.includes("TEMP B-TREE"))).toBe(false);
});

const NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)";
// A UUID and a hash of their real length, spread as random ones are.
const ID = "printf('%08x-0000-4000-8000-%012x', (i * 2654435761) % 4294967296, i)";
const HASH = "printf('%08x%056x', (i * 2246822519) % 4294967296, i)";

async function size(): Promise<number> {
  return (await db.prepare("UPDATE accounts SET name = name").run()).meta.size_after;
}

it("stores a key in less than 1,000 bytes of D1 and an event in less than 900, as docs/operating.md states", async () => {
  const before = await size();
  await db
    .prepare(`INSERT INTO api_keys (id, account_id, hash, name, role_id, restricted, expire_after_hours, created_at,
        updated_at, issuer, created_by) ${NUMBERS}
      SELECT ${ID}, ?1, ${HASH}, 'deploy-' || i, ?2, 0, 0, 1795000000000 + i, 1795000000000 + i, 'root', ?1 FROM n`)
    .bind(ACCOUNT, VIEWER_ROLE)
    .run();
  const keys = await size();
  await db
    .prepare(`INSERT INTO audit_events (id, account_id, event_type, resource_type, resource_id, resource_name, actor_type,
        actor_id, actor_name, address, request_id, message, created_at, number, mac, authentic, hash) ${NUMBERS}
      SELECT ${ID}, ?1, 'CREATE_API_KEY', 'API_KEY', ${ID}, 'deploy-' || i, 'API_KEY', ?1, 'root', '192.0.2.1',
        'req-000000000000000000-' || i, 'API key deploy-' || i || ' was created', 1795000000000 + i, i, 'k20261123.' || substr(${HASH}, 1, 43), 1, ${HASH} FROM n`)
    .bind(ACCOUNT)
    .run();
  const [perKey, perEvent] = [(keys - before) / 20_000, ((await size()) - keys) / 20_000];
  console.log(`${Math.round(perKey)} bytes a key, ${Math.round(perEvent)} bytes an event`);
  expect(perKey).toBeLessThan(1_000);
  expect(perEvent).toBeLessThan(900);
});
