// The requests of the steady state with their expected responses, and the pairs of them that make a goal's ratio.
import type { Requests } from "./measure/client.ts";
import { ADDRESS, EDGE } from "./measure/edge-request.ts";
import type { Store } from "./setup/keys.ts";

export interface Scenario extends Requests {
  readonly name: string;
  /** A server by name; each is a process of its own. */
  readonly server: string;
  /** Of a denial: checked between the rounds. */
  readonly code?: string;
}

/** A ratio of CPU per request: the base's to the subject's, so that less work is more. */
export interface Goal {
  readonly name: string;
  readonly subject: string;
  readonly base: string;
  readonly least: number;
}

/** What a change sends: 1 KiB of JSON. */
const BODY = JSON.stringify({ padding: "x".repeat(1_010) });

export const MANY_KEYS = 20_000;
const NOT_FOR_VIEWERS = "/api/public/v1/billing-estimate";

/** Adds keys to a database. `whole` adds the scenarios that a quick run leaves out. @returns the scenarios */
export async function makeScenarios(store: Store, whole: boolean): Promise<readonly Scenario[]> {
  const good = await store.key();
  const forged = `${good.slice(0, -8)}${good.at(-8) === "A" ? "B" : "A"}${good.slice(-7)}`;
  const ok = { status: 200 } as const;
  const denied = { server: "gatehouse", status: 401 } as const;
  const forbidden = { server: "gatehouse", status: 403 } as const;
  const edge = { tokens: [good], headers: EDGE, ...ok } as const;
  const floor: Scenario[] = [
    { name: "raw, at the edge", server: "raw", ...edge },
    { name: "headers, at the edge", server: "headers", ...edge },
    { name: "authorized, at the edge", server: "gatehouse", ...edge },
    { name: "raw", server: "raw", tokens: [good], ...ok },
    { name: "headers", server: "headers", tokens: [good], ...ok },
    { name: "authorized", server: "gatehouse", tokens: [good], ...ok },
    { name: "raw again", server: "raw again", tokens: [good], ...ok },
  ];
  const quick: Scenario[] = [
    ...floor,
    { name: "constant 401", server: "constant 401", tokens: [good], status: 401 },
    { name: "no key", tokens: [null], ...denied, code: "credential_missing" },
    { name: "malformed key", tokens: ["not-a-key"], ...denied, code: "invalid_token" },
    { name: "forged key", tokens: [forged], ...denied, code: "invalid_token" },
    { name: "revoked key", tokens: [await store.key({ revokedAt: 1 })], ...denied, code: "key_revoked" },
  ];
  if (!whole) return quick;
  const elsewhere = await store.key({ rules: ["198.51.100.0/24"] });
  const one = await store.key({ rules: [`${ADDRESS}/32`] });
  const many = await store.key({ rules: manyRules() });
  const viewer = await store.key({ role: "Viewer" });
  const keys: string[] = [];
  for (let i = 0; i < MANY_KEYS; i++) keys.push(await store.key());
  return [
    ...quick,
    { name: "expired key", tokens: [await store.key({ expiresAt: 1_000 })], ...denied, code: "key_expired" },
    { name: "wrong address", tokens: [elsewhere], ...forbidden, code: "address_not_allowed" },
    { name: "not permitted", tokens: [viewer], ...forbidden, code: "permission_missing", path: NOT_FOR_VIEWERS },
    { name: "1 rule", server: "gatehouse", tokens: [one], ...ok },
    { name: "10,000 rules", server: "gatehouse", tokens: [many], ...ok },
    { name: "raw change", server: "raw", tokens: [good], body: BODY, ...ok },
    { name: "change", server: "gatehouse", tokens: [good], body: BODY, ...ok },
    { name: "change without a row", server: "changes without a row", tokens: [good], body: BODY, ...ok },
    { name: "1 key", server: "20,000 keys", tokens: keys.slice(0, 1), ...ok },
    { name: "20,000 keys", server: "20,000 keys", tokens: keys, ...ok },
    { name: "100 operations", server: "100 operations", tokens: [good], ...ok },
    { name: "5,000 operations", server: "5,000 operations", tokens: [good], ...ok },
  ];
}

/** The least ratio of each denial to a constant 401. */
const DENIALS = {
  ...{ "no key": 0.97, "malformed key": 0.97, "forged key": 0.75, "revoked key": 0.88, "expired key": 0.88 },
  ...{ "wrong address": 0.88, "not permitted": 0.88 },
};

const goal = (name: string, subject: string, base: string, least: number): Goal => ({ name, subject, base, least });

export const GOALS: readonly Goal[] = [
  goal("A/A: two equal pass-throughs", "raw again", "raw", 0.96),
  goal("authorized, to raw, at the edge", "authorized, at the edge", "raw, at the edge", 0.98),
  goal("to a pass-through that changes two headers", "authorized, at the edge", "headers, at the edge", 1),
  goal("authorized, to raw, without what the edge adds", "authorized", "raw", 0.77),
  goal("to a pass-through that changes two headers, without it", "authorized", "headers", 0),
  ...Object.entries(DENIALS).map(([name, least]) => goal(`${name}, to a constant 401`, name, "constant 401", least)),
  goal("change with a body of 1 KiB, to raw", "change", "raw change", 0.4),
  goal("the same without the read of the key's row", "change without a row", "raw change", 0.65),
  goal("20,000 cached keys, to 1", "20,000 keys", "1 key", 0.97),
  goal("the same, each used once a minute", "20,000 keys, once a minute each", "1 key", 0),
  goal("10,000 CIDR rules, to 1", "10,000 rules", "1 rule", 0.97),
  goal("5,000 operations, to 100", "5,000 operations", "100 operations", 0.97),
];

/** 10,000 rules, none adjacent to another; one of them is the client's address. */
function manyRules(): string[] {
  const rules = Array.from({ length: 10_000 }, (_, i) => `10.${Math.floor(i / 100)}.${2 * (i % 100)}.0/24`);
  return rules.with(5_050, `${ADDRESS}/32`);
}
