// `npm run bench -- --peers`: Gatehouse and HAProxy at the same job, each against its own plain proxying: what authorization
// costs them. The same upstream, the same keys. A gateway that does not do the job ends the run.
import { type Client, openClient } from "./measure/client.ts";
import { checkSeen, checkStatuses, readSeen } from "./peers/checks.ts";
import { type PeerKeys, writeKeys } from "./peers/keys.ts";
import { type Contender, EQUAL, PEERS } from "./peers/list.ts";
import { isEqual, printTable, progress, ratioOf, type Spread, spreadOf, spreadText } from "./report.ts";
import { BURST, CONNECTIONS, interleave, type Pace, requestsOf, spend, WARM_UP_REQUESTS } from "./rounds.ts";
import type { Secrets } from "./setup/keys.ts";
import { withBackends } from "./setup/servers.ts";

interface PeerResult {
  readonly name: string;
  /** The share of its own plain throughput that is kept, by CPU per request. */
  readonly ratio: Spread;
  /** CPU per request in microseconds. */
  readonly plain: Spread;
  readonly gate: Spread;
}

interface Lane {
  readonly name: string;
  readonly job: "plain" | "gate";
  readonly pid: number;
  readonly client: Client;
}

/** Measures the installed gateways, and prints a line for each. @throws Error when one does not do the job */
export function measurePeers(secrets: Secrets, pace: Pace): Promise<readonly PeerResult[]> {
  progress("peers: making keys");
  return withBackends("peers", secrets, writeKeys, async (backends, keys) => {
    const lanes: Lane[] = [];
    const contenders: Contender[] = [];
    const installed = PEERS.filter(({ install }) => install === "");
    for (const { name, start } of installed) {
      progress(`peers: starting ${name}`);
      const contender = await start(backends);
      contenders.push(contender);
      if (name !== EQUAL) await checkStatuses(contender.gate.port, keys);
      lanes.push(...lanesOf(name, contender, keys));
    }
    const spendBurst = async ({ name, job, pid, client }: Lane): Promise<number> => {
      await client.ready();
      const seen = await readSeen(backends.upstreamUrl);
      const spent = await spend(pid, client, BURST);
      checkSeen(seen, await readSeen(backends.upstreamUrl), BURST, job === "gate" && name !== EQUAL);
      return spent;
    };
    const warmUp = { rounds: 1, bursts: Math.ceil(WARM_UP_REQUESTS / BURST / 4) };
    await interleave(lanes, warmUp, "peers, warming up: ", spendBurst);
    const samples = await interleave(lanes, pace, "peers: ", spendBurst);
    for (const { client } of lanes) client.close();
    await Promise.all(contenders.map(({ stop }) => stop()));
    progress("");
    const results = installed.map(({ name }) => {
      const [plain = [], gate = []] = lanes.filter((lane) => lane.name === name).map((lane) => samples.get(lane));
      return { name, ratio: ratioOf(plain, gate), plain: spreadOf(plain), gate: spreadOf(gate) };
    });
    print(results);
    return results;
  });
}

/** The plain lane, then the one with the job. */
function lanesOf(name: string, contender: Contender, { developers }: PeerKeys): readonly Lane[] {
  return (["plain", "gate"] as const).map((job) => {
    const { port, pid } = contender[job];
    const client = openClient({ ...requestsOf({ tokens: developers, status: 200 }), port, connections: CONNECTIONS });
    return { name, job, pid, client };
  });
}

function print(results: readonly PeerResult[]): void {
  const rows = results.map(({ name, ratio, plain, gate }) => {
    return [name, spreadText(ratio, 2), plain.median.toFixed(1), gate.median.toFixed(1)];
  });
  printTable([["CPU per request", "share kept", "plain, µs", "with the job, µs"], ...rows]);
  for (const { name, install } of PEERS) if (install !== "") console.log(`${name} is not installed: ${install}`);
  const equal = results.find(({ name }) => name === EQUAL);
  if (equal !== undefined && !isEqual(equal.ratio)) {
    console.log("\nThis run is void: two equal servers differ by more than 4 %.");
  }
}
