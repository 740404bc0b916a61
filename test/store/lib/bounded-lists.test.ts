// What the pages of lists read at most, whatever their filters, and that nothing is left out of them.
import { beforeEach, describe, expect, it } from "vitest";
import { createApiKeyRepository } from "../../../src/store/api-keys/repository.ts";
import { createAuditReader } from "../../../src/store/audit/reader.ts";
import type { Page, PageOrError } from "../../../src/store/common.ts";
import { createDenialRepository } from "../../../src/store/denials/repository.ts";
import { MAX_READ } from "../../../src/store/lib/pagination.ts";
import { inTurn } from "../../../src/store/lib/turns.ts";
import { configureStore, storeConfigOf } from "../../../src/store/store-config.ts";
import { ACCOUNT, db, HOUR, keyQuery, makeAccounts, NOW, OTHER_ACCOUNT, VIEWER_ROLE } from "../builders.ts";

const ROWS = 12_000;
const NUMBERS = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})`;
const ID = "printf('%08x-0000-4000-8000-%012x', (i * 2654435761) % 4294967296, i)";

let rowsRead = 0;
/** The database, which counts the rows that D1 bills for reading. */
const counted = {
  prepare: (sql: string) => {
    const statement = db.prepare(sql);
    return {
      bind: (...values: unknown[]) => ({
        async all() {
          const result = await statement.bind(...values).all();
          rowsRead += result.meta.rows_read;
          return result;
        },
      }),
    };
  },
} as unknown as D1Database;
configureStore(counted, storeConfigOf(db));

beforeEach(async () => {
  await makeAccounts();
  rowsRead = 0;
});

/** Reads a whole list, and that no page reads more than it may. @returns the items, and the numbers of items of its pages */
async function walk<T>(list: (continuationToken: string | null) => Promise<PageOrError<T>>) {
  const [items, sizes]: [T[], number[]] = [[], []];
  let token: string | null = null;
  do {
    rowsRead = 0;
    const page: Page<T> = asPage(await list(token));
    // The window by its index, the rows of the window with the roles, names or accounts of those that are shown, and the order.
    expect(rowsRead).toBeLessThanOrEqual(20_500);
    items.push(...page.items);
    sizes.push(page.items.length);
    token = page.continuationToken;
  } while (token !== null);
  return { items, sizes };
}

function asPage<T>(page: PageOrError<T>): Page<T> {
  if ("error" in page) throw new Error(page.error);
  return page;
}

async function insertEvents(): Promise<void> {
  await db
    .prepare(`INSERT INTO audit_events (id, account_id, event_type, resource_type, resource_id, resource_name, actor_type,
        actor_name, message, created_at) ${NUMBERS} SELECT ${ID}, ?, iif(i % 4000 = 1, 'REVOKE', 'CREATE'),
        iif(i % 3 = 0, 'ROLE', 'API_KEY'), 'r', iif(i = 7, 'needle', 'hay') || i, 'SYSTEM', 's', 'm', ? + i / 2 FROM n`)
    .bind(ACCOUNT, NOW)
    .run();
}

async function insertKeys(): Promise<void> {
  await db
    .prepare(`INSERT INTO api_keys (id, account_id, hash, name, role_id, restricted, expire_after_hours, created_at,
        updated_at, issuer, revoked_at, signing_key_id) ${NUMBERS} SELECT ${ID}, ?1, printf('%064x', i), 'ci', ?2, 0, 0,
        ?3 + i / 2, ?3, 'root', iif(i % 3000 = 7, NULL, ?3), 'k1' FROM n`)
    .bind(ACCOUNT, VIEWER_ROLE, NOW)
    .run();
}

describe.each(["desc", "asc"] as const)("a list of 12,000 rows in %s order", (order) => {
  it("reads a bounded part of the audit log for each page, and leaves out no event", async () => {
    await insertEvents();
    const audit = createAuditReader(counted);
    const all = {
      accountId: ACCOUNT,
      search: null,
      eventTypes: [],
      resourceTypes: [],
      actorId: null,
      requestId: null,
      address: null,
      from: null,
      to: null,
      order,
    };
    const list = (changes: object) =>
      walk((continuationToken) => audit.list({ ...all, limit: 100, ...changes, continuationToken }));
    const numbersOf = (events: readonly { readonly resourceName: string }[]) =>
      events.map(({ resourceName }) => Number(/\d+$/.exec(resourceName)?.[0])).sort((a, b) => a - b);
    const { items, sizes } = await list({ search: "NEEDLE" });
    expect([numbersOf(items), sizes]).toEqual([[7], order === "desc" ? [0, 0, 1] : [1, 0, 0]]);
    expect(numbersOf((await list({ eventTypes: ["REVOKE"] })).items)).toEqual([1, 4001, 8001]);
    expect((await list({ search: "hay", limit: 199 })).items).toHaveLength(ROWS - 1);
    expect((await list({ resourceTypes: ["ROLE"], limit: 199 })).items).toHaveLength(ROWS / 3);
    const both = { resourceTypes: ["ROLE", "API_KEY"], eventTypes: ["REVOKE"], from: NOW + 1_000, to: NOW + 3_000 };
    expect(numbersOf((await list(both)).items)).toEqual([4001]);
  });

  it("reads a bounded part of the keys for each page, and leaves out no key", async () => {
    await insertKeys();
    const keys = createApiKeyRepository(counted);
    const list = (changes: object) =>
      walk((continuationToken) => keys.list(keyQuery({ order, ...changes, continuationToken }), NOW));
    const numbersOf = (found: readonly { readonly id: string }[]) =>
      found.map(({ id }) => Number(`0x${id.slice(-12)}`));
    const active = [7, 3007, 6007, 9007];
    const inOrder = order === "desc" ? active.toReversed() : active;
    expect(numbersOf((await list({ statuses: ["ACTIVE"] })).items)).toEqual(inOrder);
    expect(numbersOf((await list({ statuses: ["ACTIVE"], signingKeyId: "k1" })).items)).toEqual(inOrder);
    const named = await list({ name: "ci" });
    expect(new Set(numbersOf(named.items)).size).toBe(ROWS);
    // The active keys of the part that the first page reads come first.
    const first = inOrder.filter((i) => (order === "desc" ? i > ROWS - MAX_READ : i <= MAX_READ));
    expect(numbersOf(named.items.slice(0, first.length))).toEqual(first);
    expect((await list({ name: "another" })).items).toEqual([]);
  });
});

it("reads a bounded part of the counts of denials for each page, and leaves out no count", async () => {
  const insert = `INSERT INTO refusal_counts (hour, account_id, key_id, reason, count, last_at) ${NUMBERS}
    SELECT i / 10, ?, iif(i % 5000 = 3, 'wanted', 'k' || i), 'r', 1, 0 FROM n`;
  await db.prepare(insert).bind(ACCOUNT).run();
  const denials = createDenialRepository(counted, HOUR);
  const all = { accountId: ACCOUNT, keyId: "wanted", from: null, to: null, limit: 100 };
  const { items, sizes } = await walk((continuationToken) => denials.counts({ ...all, continuationToken }));
  expect([items.map(({ hourFrom }) => hourFrom / HOUR), sizes]).toEqual([
    [1000, 500, 0],
    [1, 1, 1],
  ]);
});

describe("expensive reads of an account", () => {
  it("run one at a time, and beside those of other accounts", async () => {
    let [running, most] = [0, 0];
    const read = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resume) => setTimeout(resume, 5));
      running -= 1;
      return running;
    };
    await Promise.all(Array.from({ length: 8 }, () => inTurn(db, ACCOUNT, read)));
    expect(most).toBe(1);
    await Promise.all([inTurn(db, ACCOUNT, read), inTurn(db, OTHER_ACCOUNT, read)]);
    expect(most).toBe(2);
  });

  it("are given up after a second while others run, and go on when one has failed or never ends", async () => {
    await expect(inTurn(db, ACCOUNT, () => Promise.reject(new Error("D1 is away")))).rejects.toThrow("D1 is away");
    let release = (): void => undefined;
    let busy = true;
    const others = (async () => {
      while (busy) await inTurn(db, ACCOUNT, () => new Promise<void>((resume) => setTimeout(resume, 1)));
    })();
    const chain = Array.from({ length: 4 }, () =>
      inTurn(db, ACCOUNT, () => new Promise<void>((r) => setTimeout(r, 400))),
    );
    const outcomes = await Promise.all(chain);
    busy = false;
    await others;
    expect(outcomes).toContainEqual({ error: "busy" });
    void inTurn(db, ACCOUNT, () => new Promise<void>((resume) => (release = resume)));
    expect(await inTurn(db, ACCOUNT, async () => "read")).toBe("read");
    release();
  });
});
