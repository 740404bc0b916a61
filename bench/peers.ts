// `npm run bench -- --peers`: Gatehouse and HAProxy at the same job, each against its own plain proxying: what authorization
// costs them. The same upstream, the same keys. A gateway that does not do the job ends the run.
import { spawnSync } from "node:child_process";
import { freePort } from "../scripts/free-port.ts";
import { type Client, openClient } from "./measure/client.ts";
import { checkSeen, checkStatuses, readSeen } from "./peers/checks.ts";
import { writeHaproxyConfig, writeKeys } from "./peers/keys.ts";
import { isEqual, printTable, progress, ratioOf, spreadOf, spreadText } from "./report.ts";
import { BURST, interleave, type Pace, spend, WARM_UP_REQUESTS } from "./rounds.ts";
import { start, untilReady } from "./setup/process.ts";
import { type Backends, startServers, withBackends } from "./setup/servers.ts";

/** A running gateway: once proxying plainly, once with the job. */
type Contender = Readonly<Record<"plain" | "gate", { readonly port: number; readonly pid: number }>>;

/** One job of a contender, under load. */
interface Lane {
  readonly name: string;
  readonly pid: number;
  readonly client: Client;
  readonly withJob: boolean;
}

/** Two plain servers: their share shows how far to trust the others. */
const EQUAL = "two equal raw Workers";

const PEERS: Readonly<Record<string, (backends: Backends) => Promise<Contender>>> = {
  [EQUAL]: (backends) => startWorkers("raw again", backends),
  Gatehouse: (backends) => startWorkers("gatehouse", backends),
  ...(spawnSync("haproxy", ["-v"]).error === undefined ? { HAProxy: startHaproxy } : {}),
};

async function startWorkers(gate: string, backends: Backends): Promise<Contender> {
  const servers = await startServers(["raw", gate], backends);
  return { plain: servers("raw"), gate: servers(gate) };
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
 * @returns for each the share of its own plain throughput that it keeps, and its CPU per request in microseconds
 * @throws Error when one does not do the job
 */
export function measurePeers(pace: Pace): Promise<readonly object[]> {
  progress("peers: making keys");
  return withBackends("peers", writeKeys, async (backends, keys) => {
    const lanes: Lane[] = [];
    for (const [name, start] of Object.entries(PEERS)) {
      progress(`peers: starting ${name}`);
      const contender = await start(backends);
      if (name !== EQUAL) await checkStatuses(contender.gate.port, keys);
      for (const job of ["plain", "gate"] as const) {
        const { port, pid } = contender[job];
        const client = openClient({ tokens: keys.developers, status: 200 }, port);
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
      return { name, ratio: ratioOf(plain, gate), plain: spreadOf(plain), gate: spreadOf(gate) };
    });
    printTable([
      ["CPU per request", "share kept", "plain, µs", "with the job, µs"],
      ...results.map(({ name, ratio, plain, gate }) => {
        return [name, spreadText(ratio, 2), plain.median.toFixed(1), gate.median.toFixed(1)];
      }),
    ]);
    if (PEERS.HAProxy === undefined) console.log("HAProxy is not installed: apt-get install haproxy");
    if (results.some(({ name, ratio }) => name === EQUAL && !isEqual(ratio))) {
      console.log("\nThis run is void: two equal servers differ by more than 4 %.");
    }
    return results;
  });
}
