// Ten thousand events to a receiver that is down for an hour, by runs that are killed, on a D1 that fails in between. Time is virtual.
import { beforeAll, expect, it } from "vitest";
import { newIdentityKeys, newKeyRing } from "../../scripts/secrets.ts";
import { insertEvent } from "../../src/store/audit/audit-event.ts";
import type { Actor } from "../../src/store/common.ts";
import type { EndpointDetails, SendResult } from "../../src/store/endpoints/port.ts";
import { createEndpointRepository } from "../../src/store/endpoints/repository.ts";
import { createSender } from "../../src/store/endpoints/sender.ts";
import { TRUE } from "../../src/store/lib/conditions.ts";
import type { Clock } from "../../src/store/lib/timeouts.ts";
import { configureStore } from "../../src/store/store-config.ts";
import { parseKeyRing } from "../support/gatehouse.ts";
import { NOW } from "../support/key.ts";
import { rounds, seededRandom } from "../support/random.ts";
import { sqliteD1 } from "../support/sqlite-d1.ts";

const RING = parseKeyRing(newKeyRing(new Date(NOW)));
const ACCOUNT = "531af27a-614c-472f-8edb-a0f9322f0838";
const SLOW_ACCOUNT = "340af43a-8a7c-4659-9258-4876fd6a207b";
const EVENTS = rounds(10_000);
const RESOURCES = 150;
const MINUTE = 60_000;

const ACTOR: Actor = {
  ...{ type: "SYSTEM", id: null, name: "test", address: null, requestId: null },
  ...{ version: null, mapped: null, authorizedOn: [] },
};
const OK: SendResult = { ok: true, status: 204, error: null };
const DOWN: SendResult = { ok: false, status: null, error: "unreachable" };

const random = seededRandom(18);
const { db } = sqliteD1();
let now = NOW;
const clock: Clock = {
  now: () => now,
  after(delayMs, run) {
    queueMicrotask(() => {
      now += delayMs;
      run();
    });
    return () => undefined;
  },
  pause: () => new Promise((resume) => setTimeout(resume, 0)),
};
let signer: { kid: string };

const configured = <T extends D1Database>(given: T): T => {
  configureStore(given, { ring: RING, blockedKeyIds: new Set(), issuers: new Set() });
  return given;
};

beforeAll(async () => {
  configured(db);
  [signer] = (JSON.parse(await newIdentityKeys()) as { keys: [{ kid: string }] }).keys;
  for (const id of [ACCOUNT, SLOW_ACCOUNT]) {
    await db.prepare("INSERT INTO accounts (id, name, created_at) VALUES (?, 'one', 0)").bind(id).run();
  }
});

async function addEvents(count: number, accountId: string, from: number): Promise<void> {
  const statements = Array.from({ length: count }, (_, i) => {
    const resource = `00000000-0000-4000-8000-${String(random.below(RESOURCES)).padStart(12, "0")}`;
    const event = {
      ...({ accountId, eventType: "EDIT", resourceType: "API_KEY", resourceId: resource, resourceName: "ci" } as const),
      ...{ message: `event ${from + i}`, detail: {} },
    };
    const { sql, values } = insertEvent(RING, crypto.randomUUID(), { event, actor: ACTOR, now }, TRUE);
    return db.prepare(sql).bind(...values);
  });
  await db.batch(statements);
}

const newEndpoint = async (accountId: string, url: string): Promise<EndpointDetails> => {
  const spec = { name: url.slice(8, 12), url, format: "standard", eventTypes: ["api_key.edit"] } as const;
  const made = await createEndpointRepository(db).create(
    { id: crypto.randomUUID(), accountId, ...spec },
    ...([ACTOR, now] as const),
  );
  if (typeof made === "string") throw new Error(made);
  return made;
};

/** A run that may be killed, on a D1 that may fail before a statement, or after it without telling that it was made. */
async function run(url: string, receive: (body: string, id: string) => SendResult, counts: Counts): Promise<void> {
  let alive = true;
  let sendsLeft = random.below(3) === 0 ? random.below(60) : Number.POSITIVE_INFINITY;
  let kill: () => void = () => undefined;
  const killed = new Promise<void>((resume) => {
    kill = resume;
  });
  const hang = () => new Promise<never>(() => undefined);
  async function meet<T>(work: () => Promise<T>): Promise<T> {
    if (!alive) return hang();
    const trouble = random.below(100);
    if (trouble > 1) return work();
    counts.d1Failures += 1;
    if (trouble === 1) await work();
    throw new Error("D1 is not there");
  }
  const prepare = (sql: string) => {
    const wrap = (statement: D1PreparedStatement): D1PreparedStatement =>
      ({
        bind: (...values: unknown[]) => wrap(statement.bind(...values)),
        all: () => meet(() => statement.all()),
        first: (column: string) => meet(() => statement.first(column)),
        run: () => meet(() => statement.run()),
        now: () => (statement as unknown as { now: () => unknown }).now(),
      }) as unknown as D1PreparedStatement;
    return wrap(db.prepare(sql));
  };
  const faulty = configured({
    prepare,
    batch: (list: D1PreparedStatement[]) => meet(() => db.batch(list)),
  } as unknown as D1Database);
  const sender = createSender({
    ...{ db: faulty, clock, signer, onError: () => undefined },
    format: (_, event) => ({ contentType: "application/json", body: JSON.stringify(event) }),
    async send(to, { body }, headers) {
      if (!alive) return hang();
      if (to !== url) {
        // The endpoint of another account: it answers at the last moment.
        now += 10_000;
        return { ...DOWN, error: "timeout" };
      }
      now += 5 + random.below(20);
      await null;
      const result = receive(body, headers["webhook-id"] as string);
      sendsLeft -= 1;
      if (sendsLeft > 0) return result;
      alive = false;
      counts.killed += 1;
      kill();
      return hang();
    },
  });
  await Promise.race([sender.sendAll().catch(() => 0), killed]);
}

interface Counts {
  killed: number;
  d1Failures: number;
  duplicates: number;
  refused: number;
  runs: number;
}

it("loses none of 10,000 events and sends none out of order, whatever fails meanwhile", {
  timeout: 240_000,
}, async () => {
  const url = "https://good.example.com/";
  await newEndpoint(SLOW_ACCOUNT, "https://slow.example.com/");
  await newEndpoint(ACCOUNT, url);
  await addEvents(50, SLOW_ACCOUNT, 0);
  const counts: Counts = { killed: 0, d1Failures: 0, duplicates: 0, refused: 0, runs: 0 };
  const arrived = new Map<number, string>();
  const lastOf = new Map<string, number>();
  const wrongOrder: string[] = [];
  let added = 0;
  const downFrom = NOW + 10 * MINUTE;
  const receive = (body: string, id: string): SendResult => {
    if (now >= downFrom && now < downFrom + 60 * MINUTE) {
      counts.refused += 1;
      return DOWN;
    }
    const event = JSON.parse(body) as { number: number; resourceId: string };
    if (arrived.has(event.number)) counts.duplicates += 1;
    else if (event.number < (lastOf.get(event.resourceId) ?? 0)) wrongOrder.push(`${event.number}`);
    else lastOf.set(event.resourceId, event.number);
    expect(arrived.get(event.number) ?? id).toBe(id);
    arrived.set(event.number, id);
    return OK;
  };
  for (let minute = 0; minute < 24 * 60 && (arrived.size < EVENTS || added < EVENTS); minute++) {
    const more = Math.min(EVENTS - added, Math.ceil(EVENTS / 40));
    if (more > 0) await addEvents(more, ACCOUNT, added);
    added += more;
    const start = now;
    await run(url, receive, counts);
    counts.runs += 1;
    now = Math.max(now, start + MINUTE);
  }
  expect(wrongOrder).toEqual([]);
  expect(arrived.size).toBe(EVENTS);
  for (const count of [counts.killed, counts.d1Failures, counts.duplicates, counts.refused]) {
    expect(count).toBeGreaterThan(0);
  }
  // Bounded: what a killed run, or a result that was not written, had in hand.
  expect(counts.duplicates).toBeLessThan(100 * (counts.killed + counts.d1Failures));
});
