// The decision on random requests with random keys, compared with a second, naive implementation of the documented rules.
import { describe, expect, it } from "vitest";
import { decide } from "../../src/core/access/decide.ts";
import type { KeyRecord } from "../../src/core/access/principal.ts";
import { ADMIN, ALL_PERMISSIONS, BUILT_IN_ROLES, compileGrant } from "../../src/core/access/roles.ts";
import { compileStoredRules } from "../../src/core/ip/cidr.ts";
import { parseAddress } from "../../src/core/ip/ip-address.ts";
import { matchOperation } from "../../src/core/routing/match-operation.ts";
import { compileTable, type OperationTable } from "../../src/core/routing/operation-table.ts";
import { OPERATIONS, type Operation } from "../../src/core/routing/operations.ts";
import { type NaiveKey, type NaiveRequest, naiveDecision } from "../support/naive-decision.ts";
import { type Random, seededRandom } from "../support/random.ts";

/** How many requests are compared; for a longer run: `ORACLE_CALLS=10000000 npx vitest run --project unit decision-oracle`. */
const REQUESTS = Number(process.env.ORACLE_CALLS ?? 1_000_000);
const SEED = Number(process.env.ORACLE_SEED ?? 20_261_123);

const TABLE: readonly Operation[] = OPERATIONS;
/** With and without unknown operations that are forwarded. */
const tables = [null, "/api/public/v1/", "/"].map((forwardBelow) => compileTable(TABLE, forwardBelow));
const ACCOUNTS = ["340af43a-8a7c-4659-9258-4876fd6a207b", "00000000-0000-4000-8000-00000000000b"];
const IDS = ["7d0e3f0a-1b7c-4c38-8a4e-5d1f6f2b9c01", "c1", "clusters", "users", "API-KEYS", "validate", "a.b~c"];
const ADDRESSES = ["10.0.0.1", "10.255.255.255", "11.0.0.0", "9.255.255.255", "203.0.113.7", "::ffff:10.0.0.1"].concat([
  "2001:db8::1",
  "2001:db9::",
  "::1",
  "::",
  "010.0.0.1",
  "10.1",
  "fe80::1%1",
  "nonsense",
  "255.255.255.255",
]);
const RULES = [
  "10.0.0.0/8",
  "10.0.0.1/32",
  "0.0.0.0/0",
  "::/0",
  "2001:db8::/32",
  "203.0.113.0/25",
  "0.0.0.0/1",
  "::1/128",
];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

interface Pair {
  readonly record: KeyRecord | null;
  readonly naive: NaiveKey | null;
}

type Evaluate = (pair: Pair, request: NaiveRequest, now: number, table: OperationTable) => string;

const evaluate: Evaluate = ({ record }, request, now, table) => {
  const target = matchOperation(request.method, request.path, "", table);
  if ("reason" in target) return target.reason;
  const address = request.address === null ? null : parseAddress(request.address);
  const decision = decide(record, { ...target, address }, now);
  return decision.allow ? "allow" : decision.denial.reason;
};

function randomPair(random: Random): Pair {
  if (random.below(50) === 0) return { record: null, naive: null };
  const builtIn = random.below(4) > 0 ? random.pick(BUILT_IN_ROLES) : null;
  const own = ALL_PERMISSIONS.filter(() => random.below(3) === 0);
  const grant = builtIn?.grant ?? compileGrant(own);
  const rules = random.below(2) === 0 ? null : RULES.filter(() => random.below(5) === 0);
  const shared = {
    id: random.pick(IDS),
    accountId: random.pick(ACCOUNTS),
    expiresAt: random.below(3) === 0 ? 1_000 + random.below(3) : null,
    revokedAt: random.below(10) === 0 ? 5 : null,
    disabledAt: random.below(10) === 0 ? 5 : null,
    canary: random.below(2) === 0,
    dryRun: null,
  };
  const role = { id: builtIn?.id ?? "custom", name: "n", grant };
  return {
    record: { ...shared, name: "k", version: 1, role, addresses: rules === null ? null : compileStoredRules(rules) },
    naive: { ...shared, rules, role: { id: role.id, permissions: [...grant.permissions] } },
  };
}

function randomPath(random: Random): string {
  const template = random.pick(TABLE).path;
  const filled = template.replace(/\{(\w+)\}/g, (_, name) =>
    random.pick(name === "accountId" ? [...ACCOUNTS, ...IDS] : IDS),
  );
  const twist = random.below(20);
  if (twist === 0) return filled.toUpperCase();
  if (twist === 1) return `${filled}/`;
  if (twist === 2) return `${filled}/${random.pick(IDS)}`;
  if (twist === 3) return filled.slice(0, filled.lastIndexOf("/")) || "/";
  if (twist === 4)
    return random.pick([
      "/",
      "/actuator/shutdown",
      "/metrics",
      "/api/public/v1",
      "/console/x",
      "/Console",
      "/.well-known/Gatehouse/y",
      "/api/public/v2/x",
      "/consoles",
    ]);
  if (twist === 5) return filled.replace("/api/public", "/API/Public");
  if (twist === 6) return filled.replace(/[^/]+$/, (last) => `${last}x`);
  return filled;
}

/** The first random request that `evaluateFast` and the naive implementation decide differently, or `null`. */
function firstDifference(evaluateFast: Evaluate, count: number, seed: number): object | null {
  const random = seededRandom(seed);
  const pairs = Array.from({ length: 500 }, () => randomPair(random));
  for (let i = 0; i < count; i++) {
    if (i % 2_000 === 1_999) pairs[random.below(pairs.length)] = randomPair(random);
    const pair = random.pick(pairs);
    const request = {
      method: random.pick(METHODS),
      path: randomPath(random),
      address: random.below(8) === 0 ? null : random.pick(ADDRESSES),
    };
    const now = 999 + random.below(5);
    const table = random.pick(tables);
    const is = evaluateFast(pair, request, now, table);
    const should = naiveDecision(TABLE, ADMIN.id, pair.naive, request, now, table.forwardBelow);
    if (is !== should) return { is, should, request, key: pair.naive, now };
  }
  return null;
}

describe("authorization decision against a naive second implementation", () => {
  it(`agrees with a naive reading of the rules on ${REQUESTS} random requests`, { timeout: 120_000 }, () => {
    expect(firstDifference(evaluate, REQUESTS, SEED)).toBeNull();
  });

  it("differs from the naive reading when the matcher folds the case of a path or trims its slash", () => {
    const folding: Evaluate = (pair, request, now, table) =>
      evaluate(pair, { ...request, path: request.path.toLowerCase() }, now, table);
    const trimming: Evaluate = (pair, request, now, table) =>
      evaluate(pair, { ...request, path: request.path.replace(/\/$/, "") || "/" }, now, table);
    for (const mutant of [folding, trimming]) expect(firstDifference(mutant, 50_000, SEED)).not.toBeNull();
  });

  it("differs from the naive reading when addresses are parsed leniently", () => {
    // ipaddr.js and inet_aton accept octal and short forms.
    const read = (text: string | null) => (text === "010.0.0.1" ? "8.0.0.1" : text === "10.1" ? "10.0.0.1" : text);
    const lenient: Evaluate = (pair, request, now, table) =>
      evaluate(pair, { ...request, address: read(request.address) }, now, table);
    expect(firstDifference(lenient, 50_000, SEED)).not.toBeNull();
  });

  it("differs from the naive reading when a key lives one millisecond longer or its account is not compared", () => {
    const late: Evaluate = (pair, request, now, table) => evaluate(pair, request, now - 1, table);
    const blind: Evaluate = (pair, request, now, table) =>
      evaluate(pair, { ...request, path: request.path.replaceAll(ACCOUNTS[1] ?? "", ACCOUNTS[0] ?? "") }, now, table);
    for (const mutant of [late, blind]) expect(firstDifference(mutant, 50_000, SEED)).not.toBeNull();
  });
});
