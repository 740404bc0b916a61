// An edit of a role with ten thousand keys while four hundred requests come in a second: virtual time, and a D1 that runs one
// statement after another.
import { beforeEach, expect, it, vi } from "vitest";
import type { KeyHash } from "../../../src/core/access/principal.ts";
import { createKeyResolver } from "../../../src/store/key-cache/key-resolver.ts";
import { type FakeClock, fakeClock } from "../../support/fake-clock.ts";
import { aKey } from "../../support/key.ts";
import { inBackground, type ModelledStore, modelledStore } from "../../support/modelled-store.ts";

vi.setConfig({ testTimeout: 120_000 });

const KEYS = 10_000;
const OTHERS = 500;
const STEP_MS = 50;
const REQUESTS_A_STEP = 20;
const NEED = { fromPrimary: false, allowUnconfirmed: false };

let clock: FakeClock;
let store: ModelledStore;
beforeEach(() => {
  clock = fakeClock();
  store = modelledStore(clock);
});

/** An isolate before a D1 that runs one statement after another, each for so long. */
function newIsolate() {
  let busyUntil = 0;
  const d1 = { statements: 0, statementMs: 0 };
  const queued =
    <A extends readonly unknown[], T>(read: (...given: A) => Promise<T>) =>
    async (...given: A): Promise<T> => {
      d1.statements += 1;
      busyUntil = Math.max(clock.now(), busyUntil) + d1.statementMs;
      const waitMs = busyUntil - clock.now();
      if (waitMs > 0) await new Promise<void>((resume) => clock.after(waitMs, resume));
      return await read(...given);
    };
  const { readByHash, readByHashes, addSigningKeyId } = store.records;
  const records = { readByHash: queued(readByHash), readByHashes: queued(readByHashes), addSigningKeyId };
  const ports = { records, changes: { since: queued(store.changes.since) }, copies: store.copies };
  const parts = { ...ports, clock, random: () => 0.5, onError: () => undefined };
  return { resolver: createKeyResolver(parts, { cacheSize: 30_000, staleIfErrorMs: 60_000 }), d1 };
}

type Isolate = ReturnType<typeof newIsolate>;

interface Seen {
  readonly waitedMs: number;
  readonly roleName: string | null;
  /** When it came, in milliseconds since the edit. */
  readonly at: number;
}

async function ask({ resolver }: Isolate, hash: KeyHash): Promise<Seen> {
  const at = clock.now();
  const record =
    resolver.getCached(hash, at, inBackground) ?? (await resolver.resolve(store.presented(hash), NEED, inBackground));
  if ("result" in record) throw new Error("a request was served on an unconfirmed record");
  return { waitedMs: clock.now() - at, roleName: record.record?.role.name ?? null, at };
}

/** Asks for every key in turn, for so long. */
async function load(isolate: Isolate, hashes: readonly KeyHash[], forMs: number): Promise<readonly Seen[]> {
  const since = clock.now();
  const asked: Promise<Seen>[] = [];
  let next = 0;
  for (let passed = 0; passed < forMs; passed += STEP_MS) {
    for (let i = 0; i < REQUESTS_A_STEP; i++) asked.push(ask(isolate, hashes[next++ % hashes.length] as KeyHash));
    await clock.advance(STEP_MS);
  }
  await clock.advance(2_000);
  return (await Promise.all(asked)).map((seen) => ({ ...seen, at: seen.at - since }));
}

const ROLE = { ...aKey().role, id: "role-1", name: "before" };

/** An isolate that has cached ten thousand keys of one role, and others. */
async function warmIsolate() {
  const hashes = Array.from({ length: KEYS }, () => store.add({ role: ROLE }));
  const others = Array.from({ length: OTHERS }, () => store.add());
  const isolate = newIsolate();
  const all = [...others, ...hashes];
  for (let from = 0; from < all.length; from += 100) {
    await Promise.all(all.slice(from, from + 100).map((hash) => ask(isolate, hash)));
  }
  // The feed was read by the first of them; the next read is due.
  await load(isolate, others, 3_000);
  isolate.d1.statements = 0;
  return { isolate, hashes, others };
}

const waited = (seen: readonly Seen[]) => seen.filter(({ waitedMs }) => waitedMs > 0);

it.each([
  [5, "another isolate"],
  [5, "this isolate"],
  [50, "another isolate"],
  [50, "this isolate"],
  [500, "another isolate"],
  [500, "this isolate"],
])("serves every request after an edit, with statements of %d ms, when %s has made it", async (statementMs, where) => {
  const { isolate, hashes, others } = await warmIsolate();
  isolate.d1.statementMs = statementMs;
  store.changeRole({ ...ROLE, name: "after" });
  if (where === "this isolate") isolate.resolver.invalidate([ROLE.id], inBackground);
  const mixed = hashes.map((hash, i) => (i % 4 === 0 ? (others[i % OTHERS] as KeyHash) : hash));
  const seen = await load(isolate, mixed, 20_000);
  // Of every hundred requests, less than one waits for storage; fifteen seconds after the edit, none does.
  expect(waited(seen).length / seen.length).toBeLessThan(0.01);
  expect(waited(seen.filter(({ at }) => at > 15_000))).toEqual([]);
  expect(isolate.d1.statements).toBeLessThan(30);
  // The bound of a change: ten seconds.
  const late = seen.filter(({ at, roleName }) => at >= 10_000 && roleName === "before");
  expect(late).toEqual([]);
});

it("keeps an edit from every key that does not have the role", async () => {
  const { isolate, others } = await warmIsolate();
  isolate.d1.statementMs = 500;
  store.changeRole({ ...ROLE, name: "after" });
  isolate.resolver.invalidate([ROLE.id], inBackground);
  expect(waited(await load(isolate, others, 10_000))).toEqual([]);
});

it("reads thousands of keys that are not cached with few statements, and none twice", async () => {
  const hashes = Array.from({ length: 2_000 }, () => store.add());
  const isolate = newIsolate();
  isolate.d1.statementMs = 5;
  const seen = await load(isolate, hashes, (hashes.length / REQUESTS_A_STEP) * STEP_MS);
  expect(Math.max(...seen.map(({ waitedMs }) => waitedMs))).toBeLessThan(200);
  expect(isolate.d1.statements).toBeLessThan(1_500);
});

it("remembers a row that comes too late for its request", async () => {
  const [hash, isolate] = [store.add(), newIsolate()];
  isolate.d1.statementMs = 1_200;
  const late = ask(isolate, hash).catch((error: Error) => error.message);
  // The feed goes first, and D1 runs one statement after another.
  await clock.advance(2_500);
  expect(await late).toMatch("took longer than");
  const again = ask(isolate, hash);
  await clock.advance(0);
  expect((await again).waitedMs).toBe(0);
});
