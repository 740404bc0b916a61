// `npm run bench:searches`: how long a change of one account takes while another account searches a large audit log, in workerd
// with its own D1.
import buildWorker from "../test/support/build-worker.ts";
import { ACCOUNT, OTHER_ACCOUNT } from "../test/support/gatehouse.ts";
import { ROLE_IDS } from "../test/support/seed.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../test/support/workerd-gateway.ts";

const EVENTS = 1_000_000;
const SEARCHES = 12;
const CHANGES = 40;
const ROUNDS = 5;
const MOST = 2;

const SPEC = JSON.stringify({ name: "bench", expire_after_hours: 1, role_id: ROLE_IDS.Viewer });

async function fill({ env }: WorkerdGateway, count: number): Promise<void> {
  const insert = `INSERT INTO audit_events (id, account_id, event_type, resource_type, resource_id, resource_name, actor_type,
      actor_id, actor_name, address, message, detail, created_at)
    WITH RECURSIVE n(i) AS (SELECT ?2 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 + 49999)
    SELECT printf('%08x-0000-4000-8000-%012x', (i * 2654435761) % 4294967296, i), ?1, 'CREATE', 'API_KEY',
      printf('%08x-0000-4000-8000-%012x', i, i), 'deploy-' || i, 'API_KEY', ?1, 'root', '192.0.2.1',
      'API key deploy-' || i || ' was created', '{"role_id":"95b23b27-b36b-4c2e-b7b6-4a94ed7676e4"}', 1795000000000 + i FROM n`;
  for (let from = 1; from <= count; from += 50_000) await env.DB.prepare(insert).bind(ACCOUNT, from).run();
}

/** The times of changes one after the other, in milliseconds. */
async function timeChanges(gateway: WorkerdGateway, token: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const startedAt = performance.now();
    const init = { method: "POST", body: SPEC, headers: { "content-type": "application/json" } };
    const response = await gateway.call(token, `/api/public/v1/accounts/${OTHER_ACCOUNT}/api-keys`, init);
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`a change got ${response.status}`);
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b);
}

/** Searches for a text that no event has, page after page, until the signal. @returns how many pages it got */
async function search(gateway: WorkerdGateway, token: string, signal: AbortSignal): Promise<number> {
  const path = `/api/public/v1/accounts/${ACCOUNT}/audit/events?search=needle`;
  let pages = 0;
  let next = "";
  while (!signal.aborted) {
    const response = await gateway.call(token, path + next);
    const body = (await response.json()) as { readonly _metadata?: { readonly continuation_token: string | null } };
    // 429: the turn of another search; this one asks again at once.
    if (response.status !== 200) continue;
    pages += 1;
    const following = body._metadata?.continuation_token;
    next = following ? `&continuation_token=${following}` : "";
  }
  return pages;
}

const at = (sorted: readonly number[], share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
const text = (sorted: readonly number[]) =>
  `median ${at(sorted, 0.5).toFixed(1)} ms, p95 ${at(sorted, 0.95).toFixed(1)} ms`;

async function main(): Promise<number> {
  const gateway = await startWorkerdGateway();
  try {
    console.log(`inserting ${EVENTS} events`);
    await fill(gateway, EVENTS);
    const viewer = await gateway.key({ role: "Viewer" });
    const admin = await gateway.key({ accountId: OTHER_ACCOUNT });
    await timeChanges(gateway, admin.token);
    const ratios: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const idle = await timeChanges(gateway, admin.token);
      const stop = new AbortController();
      const searches = Array.from({ length: SEARCHES }, () => search(gateway, viewer.token, stop.signal));
      const loaded = await timeChanges(gateway, admin.token);
      stop.abort();
      const pages = (await Promise.all(searches)).reduce((sum, count) => sum + count, 0);
      ratios.push(at(loaded, 0.5) / at(idle, 0.5));
      console.log(`idle: ${text(idle)}; during ${SEARCHES} searches (${pages} pages): ${text(loaded)}`);
    }
    const ratio = at(
      ratios.toSorted((x, y) => x - y),
      0.5,
    );
    const all = ratios.map((each) => each.toFixed(2)).join(", ");
    console.log(`ratios of the medians: ${all}; median ${ratio.toFixed(2)} (at most ${MOST})`);
    return ratio <= MOST ? 0 : 1;
  } finally {
    await gateway.close();
  }
}

buildWorker();
process.exitCode = await main();
