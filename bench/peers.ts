// Gatehouse, the same job on Hono, and HAProxy where it is installed, each against its own plain proxying: what authorization
// costs them. The same upstream, the same keys. A gateway that does not do the job ends the run.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { freePort } from "../scripts/free-port.ts";
import { type Client, openClient } from "./measure/client.ts";
import { CF_HEADER, EDGE } from "./measure/edge-request.ts";
import { checkSeen, checkStatuses, readSeen } from "./peers/checks.ts";
import { type PeerKeys, writeHaproxyConfig, writeKeys } from "./peers/keys.ts";
import {
  atMost,
  isEqual,
  printTable,
  progress,
  type Result,
  ratioOf,
  type Spread,
  spreadOf,
  spreadText,
} from "./report.ts";
import { BURST, interleave, type Pace, spend, WARM_UP_REQUESTS } from "./rounds.ts";
import { bundle } from "./setup/build.ts";
import { start, untilReady } from "./setup/process.ts";
import { type Backends, startServers, withBackends } from "./setup/servers.ts";
import { startWorker } from "./setup/workerd.ts";

/** A running gateway: once proxying plainly, once with the job. */
type Contender = Readonly<Record<"plain" | "gate", { readonly port: number; readonly pid: number }>>;

/** A contender, and how long after a revocation it may still forward a read. */
interface Peer {
  readonly revocation: string;
  start(backends: Backends): Promise<Contender>;
}

export interface PeerResult {
  readonly name: string;
  readonly revocation: string;
  /** The share of its own plain proxying that it keeps, by CPU per request. */
  readonly ratio: Spread;
  /** CPU per request in microseconds. */
  readonly plain: Spread;
  readonly gate: Spread;
}

/** One job of a contender, under load. */
interface Lane {
  readonly name: string;
  readonly pid: number;
  readonly client: Client;
  readonly withJob: boolean;
}

/** Two plain servers: their share shows how far to trust the others. */
const EQUAL = "two equal raw Workers";

const GATEHOUSE = "Gatehouse";
const ASKS_KV = "Hono, KV for each request";
const KEEPS_KEYS = "Hono, keys kept for 30 s";

const PEERS: Readonly<Record<string, Peer>> = {
  [EQUAL]: { revocation: "", start: (backends) => startWorkers("raw again", backends) },
  [GATEHOUSE]: { revocation: "10 s; a change: at once", start: (backends) => startWorkers("gatehouse", backends) },
  [KEEPS_KEYS]: { revocation: "90 s", start: (backends) => startHono(30, 35, backends) },
  [ASKS_KV]: { revocation: "60 s", start: (backends) => startHono(0, 35, backends) },
  "Hono, KV and a signature for each request": {
    revocation: "60 s",
    start: (backends) => startHono(0, 0, backends),
  },
  ...(spawnSync("haproxy", ["-v"]).error === undefined
    ? { HAProxy: { revocation: "when its file is loaded again", start: startHaproxy } }
    : {}),
};

async function startWorkers(gate: string, backends: Backends): Promise<Contender> {
  const servers = await startServers(["raw", gate], backends);
  return { plain: servers("raw"), gate: servers(gate) };
}

/** @param seconds that a key, and that an identity, is kept in the isolate; 0: not at all */
async function startHono(keySeconds: number, identitySeconds: number, backends: Backends): Promise<Contender> {
  const { plain } = await startWorkers("raw", backends);
  const script = await bundle("hono", join(import.meta.dirname, "peers/hono.ts"));
  const kept = { KEEP_KEY_SECONDS: String(keySeconds), KEEP_IDENTITY_SECONDS: String(identitySeconds) };
  const { bindings } = backends;
  const name = `hono ${keySeconds} ${identitySeconds}`;
  return { plain, gate: await startWorker({ name, script, ...bindings, vars: { ...bindings.vars, ...kept } }) };
}

/** One process serves both ports. */
async function startHaproxy({ upstream }: Backends): Promise<Contender> {
  const [PLAIN, GATE] = [await freePort(), await freePort()];
  const server = start("server", ["haproxy", "-f", writeHaproxyConfig({ PLAIN, GATE, UPSTREAM: upstream })]);
  for (const port of [PLAIN, GATE]) await untilReady(`http://127.0.0.1:${port}/`, server);
  return { plain: { port: PLAIN, pid: server.pid }, gate: { port: GATE, pid: server.pid } };
}

/**
 * Measures the installed gateways, and prints a line for each.
 *
 * @returns what each costs, and the goals of Gatehouse beside Hono
 * @throws Error when one does not do the job
 */
export async function measurePeers(
  pace: Pace,
): Promise<{ readonly peers: readonly PeerResult[]; readonly results: readonly Result[] }> {
  progress("peers: making keys");
  const measure = async (backends: Backends, keys: PeerKeys) => {
    const lanes: Lane[] = [];
    for (const [name, peer] of Object.entries(PEERS)) {
      progress(`peers: starting ${name}`);
      const contender = await peer.start(backends);
      if (name !== EQUAL) await checkStatuses(contender.gate.port, keys);
      for (const job of ["plain", "gate"] as const) {
        const { port, pid } = contender[job];
        // To HAProxy, what workerd reads `request.cf` from would be one header more.
        const { [CF_HEADER]: cf, ...headers } = EDGE;
        const sent = name === "HAProxy" ? headers : EDGE;
        const client = openClient({ tokens: keys.developers, headers: sent, status: 200 }, port);
        lanes.push({ name, pid, client, withJob: job === "gate" && name !== EQUAL });
      }
    }
    const spendBurst = async ({ pid, client, withJob }: Lane): Promise<number> => {
      await client.ready();
      const seen = await readSeen(backends.upstreamUrl);
      const spent = await spend(pid, client, BURST);
      checkSeen(seen, await readSeen(backends.upstreamUrl), BURST, withJob);
      return spent;
    };
    const warmUp = { rounds: 1, bursts: Math.ceil(WARM_UP_REQUESTS / BURST / 4) };
    await interleave(lanes, warmUp, "peers, warming up: ", spendBurst);
    const samples = await interleave(lanes, pace, "peers: ", spendBurst);
    for (const { client } of lanes) client.close();
    progress("");
    const results = Object.keys(PEERS).map((name) => {
      const [plain = [], gate = []] = lanes.filter((lane) => lane.name === name).map((lane) => samples.get(lane));
      const revocation = PEERS[name]?.revocation ?? "";
      return { name, revocation, ratio: ratioOf(plain, gate), plain: spreadOf(plain), gate: spreadOf(gate) };
    });
    printTable([
      ["CPU per request", "share kept", "plain, µs", "with the job, µs", "a revocation is felt after"],
      ...results.map(({ name, revocation, ratio, plain, gate }) => {
        return [name, spreadText(ratio, 2), plain.median.toFixed(1), gate.median.toFixed(1), revocation];
      }),
    ]);
    if (PEERS.HAProxy === undefined) console.log("HAProxy is not installed: apt-get install haproxy");
    if (results.some(({ name, ratio }) => name === EQUAL && !isEqual(ratio))) {
      console.log("\nThis run is void: two equal servers differ by more than 4 %.");
    }
    const gateOf = (name: string) =>
      samples.get(lanes.find((lane) => lane.name === name && lane.withJob) as Lane) ?? [];
    const toHono = (name: string, most: number) =>
      atMost(`Gatehouse to ${name}`, most, "x", ratioOf(gateOf(GATEHOUSE), gateOf(name)), 2);
    return { peers: results, results: [toHono(ASKS_KV, 0.55), toHono(KEEPS_KEYS, 0.75)] };
  };
  return withBackends("peers", writeKeys, measure, true);
}
