// A fleet under load and faults: three gateways, each a workerd of its own, over one D1 and a KV that lags and loses writes. The plan
// has a seed; what the processes make of it is theirs.
import type { DatabaseSync } from "node:sqlite";
import { ACCOUNT } from "../../bench/setup/keys.ts";
import { readDatabase } from "../../scripts/audit/read.ts";
import { verifyDatabase } from "../../scripts/audit/verify-database.ts";
import { firstKey, newIdentityKeys, newKeyRing } from "../../scripts/secrets.ts";
import { seededRandom } from "../support/random.ts";
import { startUpstream, type TestUpstream } from "../support/upstream.ts";
import { startFleet } from "./gateways.ts";
import { judge, type Seen, textOf, type Verdict } from "./judge.ts";
import { CUT_OFF, GATEWAYS, KILLED, type Loaded, PLAN, playLoad, RESTRICTED_KEYS, STEADY } from "./load.ts";
import { createOperator, type FleetKey, type Operator, WAYS } from "./operator.ts";
import { startStorage } from "./storage.ts";

const STABLE_KEYS = 30;

export interface Report extends Verdict {
  readonly requests: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly changes: number;
  readonly created: number;
  /** Changes that were answered with 200 and are not there, or that were never answered so. */
  readonly lost: readonly string[];
  /** Changes at the upstream that it has seen more often than once, or never although they were answered with 200. */
  readonly sentAgain: number;
  readonly neverSent: number;
  /** What is wrong with the audit log, and with the tables by it. */
  readonly findings: readonly string[];
  /** Requests without a response, other than those to a gateway that was killed. */
  readonly unanswered: readonly string[];
  /** 503 by gateway. */
  readonly unavailable: readonly number[];
  /** The last requests with valid keys, after all faults, that were not answered with 200. */
  readonly notRecovered: readonly string[];
}

/** Runs the plan once. @param say takes a line for each fault */
export async function runFleet(seed: number, say: (line: string) => void): Promise<Report> {
  const random = seededRandom(seed);
  const storage = startStorage(seededRandom(seed + 1));
  const upstream = await startUpstream();
  const secrets = { KEY_RING: newKeyRing(new Date()), IDENTITY_KEYS: await newIdentityKeys() };
  const admin = await firstKey(secrets.KEY_RING, "Fleet", ACCOUNT, Date.now());
  for (const statement of admin.statements) storage.database.exec(statement);
  const vars = { ...secrets, UPSTREAM_URL: upstream.url, UPSTREAM_AUDIENCE: "fleet" };
  const fleet = await startFleet(GATEWAYS.length, storage, vars);
  try {
    // The operator does not ask the gateway that cannot make changes for most of the time.
    const operator = await createOperator(admin.token, () => fleet.port(random.pick([STEADY, STEADY, KILLED])));
    const make = async (i: number, way: FleetKey["way"]): Promise<FleetKey> => {
      const key = await operator.createKey(`k${i}`, way);
      if (key === null) throw new Error("a key could not be created before the load");
      return key;
    };
    const [stable, restricted]: [FleetKey[], FleetKey[]] = [[], []];
    for (let i = 0; i < STABLE_KEYS; i += 1) stable.push(await make(i, null));
    for (let i = 0; i < RESTRICTED_KEYS; i += 1) {
      restricted.push(await make(STABLE_KEYS + i, WAYS[i % WAYS.length] ?? null));
    }
    const loaded = await playLoad({ fleet, storage, operator, random, stable, restricted, say });
    const restrictions = new Map([...loaded.restrictions].map(([{ name }, restriction]) => [name, restriction]));
    const verdict = judge(loaded.seen, restrictions, [{ gateway: CUT_OFF, from: PLAN.cutOff[0], to: PLAN.cutOff[1] }]);
    const counts = countsOf(loaded);
    const notRecovered = await unrecovered(loaded);
    const lost = [...loaded.failed, ...(await lostChanges(operator, loaded))];
    await fleet.maintain(STEADY);
    const findings = await auditFindings(storage.database, secrets.IDENTITY_KEYS);
    say(`storage: ${JSON.stringify(storage.counts)}`);
    const created = loaded.valid.length - STABLE_KEYS;
    return { ...verdict, ...counts, ...upstreamCounts(upstream, loaded), created, notRecovered, lost, findings };
  } finally {
    await fleet.close();
    await upstream.close();
    storage.close();
  }
}

function countsOf({ seen, changes, backAt }: Loaded) {
  const statuses: Record<string, number> = {};
  for (const { status } of seen) statuses[status] = (statuses[status] ?? 0) + 1;
  const isOfKilled = ({ gateway, sentAt, answeredAt }: Seen) =>
    gateway === KILLED && answeredAt >= PLAN.killed[0] && sentAt <= backAt;
  return {
    ...{ requests: seen.length, statuses, changes },
    unanswered: seen.filter((each) => each.status === 0 && !isOfKilled(each)).map(textOf),
    unavailable: GATEWAYS.map((i) => seen.filter(({ gateway, status }) => gateway === i && status === 503).length),
  };
}

/** One change at the upstream with each key that is valid, at every gateway in turn. */
async function unrecovered({ valid, request }: Loaded): Promise<readonly string[]> {
  const last: Seen[] = [];
  for (const [i, key] of valid.entries()) last.push(await request(i % GATEWAYS.length, key, true));
  return last.filter(({ status }) => status !== 200).map(textOf);
}

async function lostChanges(operator: Operator, { restrictions, valid }: Loaded): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const [key, { what, answered, restored }] of restrictions) {
    if (answered !== null && !(await operator.shows(key, restored !== null))) lost.push(`${key.name} is not ${what}`);
  }
  for (const key of valid) if (!(await operator.shows(key, false))) lost.push(`${key.name} is not there`);
  return lost;
}

async function auditFindings(database: DatabaseSync, identityKeys: string): Promise<readonly string[]> {
  const { keys } = JSON.parse(identityKeys) as { keys: Parameters<typeof verifyDatabase>[1] };
  const kept = async () => ({ ends: [], findings: [] });
  const { findings } = await verifyDatabase(readDatabase(database), keys, { kept, witnesses: [], state: true });
  return findings.map(({ message }) => message);
}

function upstreamCounts({ reached, url: base }: TestUpstream, { marks }: Loaded) {
  const arrived = new Map<string, number>();
  for (const { url, method } of reached) {
    const mark = new URL(url, base).searchParams.get("mark") ?? "";
    if (method === "POST") arrived.set(mark, (arrived.get(mark) ?? 0) + 1);
  }
  const sentAgain = [...arrived.values()].filter((times) => times > 1).length;
  return { sentAgain, neverSent: [...marks].filter(([mark, status]) => status === 200 && !arrived.has(mark)).length };
}
