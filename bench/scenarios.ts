// The requests of the steady state with their expected responses, and the pairs of them that make a goal's ratio.
import type { Store } from "./setup/keys.ts";

export interface Scenario {
  readonly name: string;
  /** A server by name; each is a process of its own. */
  readonly server: string;
  /** Used in turn; `null` is a request without a credential. */
  readonly tokens: readonly (string | null)[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Another path than the clusters'. */
  readonly path?: string;
  /** Of every response: checked in every burst, the code between the rounds. */
  readonly status: number;
  readonly code?: string;
}

/** A ratio of CPU per request: the base's to the subject's, so that less work is more. */
export interface Goal {
  readonly name: string;
  readonly subject: string;
  readonly base: string;
  readonly least: number;
}

export const ADDRESS = "203.0.113.9";
export const MANY_KEYS = 20_000;
const NOT_FOR_VIEWERS = "/api/public/v1/billing-estimate";

/** Adds keys to a database. `whole` adds the scenarios that a quick run leaves out. @returns the scenarios */
export async function makeScenarios(store: Store, whole: boolean): Promise<readonly Scenario[]> {
  const good = await store.key();
  const forged = `${good.slice(0, -8)}${good.at(-8) === "A" ? "B" : "A"}${good.slice(-7)}`;
  const ok = { status: 200 } as const;
  const denied = { server: "gatehouse", status: 401 } as const;
  const floor: Scenario[] = [
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
    { name: "wrong address", tokens: [elsewhere], ...denied, status: 403, code: "address_not_allowed" },
    {
      name: "not permitted",
      tokens: [viewer],
      ...denied,
      status: 403,
      code: "permission_missing",
      path: NOT_FOR_VIEWERS,
    },
    { name: "1 rule", server: "gatehouse", tokens: [one], ...ok },
    { name: "10,000 rules", server: "gatehouse", tokens: [many], ...ok },
    { name: "edge headers", server: "gatehouse", tokens: [good], ...ok, headers: EDGE_HEADERS },
    { name: "raw, edge headers", server: "raw", tokens: [good], ...ok, headers: EDGE_HEADERS },
    { name: "1 key", server: "20,000 keys", tokens: keys.slice(0, 1), ...ok },
    { name: "20,000 keys", server: "20,000 keys", tokens: keys, ...ok },
    { name: "100 operations", server: "100 operations", tokens: [good], ...ok },
    { name: "5,000 operations", server: "5,000 operations", tokens: [good], ...ok },
  ];
}

export const GOALS: readonly Goal[] = [
  { name: "A/A: two equal pass-throughs", subject: "raw again", base: "raw", least: 0.96 },
  {
    name: "authorized, to a pass-through that changes two headers",
    subject: "authorized",
    base: "headers",
    least: 0.95,
  },
  { name: "authorized, to the raw pass-through", subject: "authorized", base: "raw", least: 0.87 },
  { name: "no key", subject: "no key", base: "constant 401", least: 0.97 },
  { name: "malformed key", subject: "malformed key", base: "constant 401", least: 0.97 },
  { name: "forged key", subject: "forged key", base: "constant 401", least: 0.75 },
  { name: "revoked key", subject: "revoked key", base: "constant 401", least: 0.88 },
  { name: "expired key", subject: "expired key", base: "constant 401", least: 0.88 },
  { name: "wrong address", subject: "wrong address", base: "constant 401", least: 0.88 },
  { name: "not permitted", subject: "not permitted", base: "constant 401", least: 0.88 },
  { name: "20,000 cached keys, to 1", subject: "20,000 keys", base: "1 key", least: 0.97 },
  {
    name: "the same, each used once a minute",
    subject: "20,000 keys, once a minute each",
    base: "1 key",
    least: 0,
  },
  { name: "10,000 CIDR rules, to 1", subject: "10,000 rules", base: "1 rule", least: 0.97 },
  { name: "5,000 operations, to 100", subject: "5,000 operations", base: "100 operations", least: 0.97 },
  { name: "with the headers that the edge adds, to raw", subject: "edge headers", base: "raw, edge headers", least: 0 },
];

/** The headers that Cloudflare adds beside the client's address. */
const EDGE_HEADERS = {
  "cf-ray": "8f2b6c0d1e3a4b5c-FRA",
  "cf-visitor": '{"scheme":"https"}',
  "cf-ipcountry": "DE",
  "x-forwarded-proto": "https",
  "x-real-ip": ADDRESS,
};

/** 10,000 rules, none adjacent to another; one of them is the client's address. */
function manyRules(): string[] {
  const rules = Array.from({ length: 10_000 }, (_, i) => `10.${Math.floor(i / 100)}.${2 * (i % 100)}.0/24`);
  return rules.with(5_050, `${ADDRESS}/32`);
}
