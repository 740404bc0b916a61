// `npm run bench -- --peers`: Gatehouse and other gateways at the same job, each against its own plain proxying: what
// authorization costs them. The same upstream, the same keys.
import { type Client, openClient } from "./measure/client.ts";
import { checkSeen, checkStatuses, readSeen } from "./peers/checks.ts";
import { type PeerKeys, writeKeys } from "./peers/keys.ts";
import { type Contender, EQUAL, PEERS, type Peer } from "./peers/list.ts";
import { isEqual, printTable, progress, ratioOf, type Spread, spreadOf, spreadText } from "./report.ts";
import { BURST, CONNECTIONS, interleave, type Pace, requestsOf, spend, WARM_UP_REQUESTS } from "./rounds.ts";
import type { Secrets } from "./setup/keys.ts";
import { type Backends, withBackends } from "./setup/servers.ts";

/** CPU per request in microseconds, round by round. */
type Measured = Readonly<Record<"plain" | "gate", readonly number[]>>;

/** How one gateway did; `failure` or `install` when there is no ratio. */
interface PeerResult {
  readonly name: string;
  /** The share of its own plain throughput that is kept. */
  readonly ratio?: Spread;
  readonly plain?: Spread;
  readonly gate?: Spread;
  readonly failure?: string;
  readonly install?: string;
}

interface Lane {
  readonly peer: Peer;
  readonly job: keyof Measured;
  readonly pid: number;
  readonly client: Client;
}

/** Measures the installed gateways, and prints a line for each. */
export function measurePeers(secrets: Secrets, pace: Pace) {
  progress("peers: making keys");
  return withBackends("peers", secrets, writeKeys, async (backends, keys) => {
    const failures = new Map<Peer, string>();
    const contenders: Contender[] = [];
    const lanes: Lane[] = [];
    for (const peer of PEERS.filter((each) => each.isInstalled())) {
      progress(`peers: starting ${peer.name}`);
      try {
        const contender = await peer.start(backends);
        contenders.push(contender);
        if (peer.name !== EQUAL) await checkStatuses(contender.gate.port, keys);
        lanes.push(...lanesOf(peer, contender, keys));
      } catch (error) {
        failures.set(peer, firstLines(error));
      }
    }
    const samples = await runPeerRounds(lanes, failures, backends, pace);
    await Promise.all(contenders.map(({ stop }) => stop()));
    progress("");
    const valuesOf = (peer: Peer, job: keyof Measured) =>
      [...samples].find(([lane]) => lane.peer === peer && lane.job === job)?.[1] ?? [];
    const results = PEERS.map((peer) => {
      const failure = failures.get(peer);
      return resultOf(peer, failure, { plain: valuesOf(peer, "plain"), gate: valuesOf(peer, "gate") });
    });
    print(results);
    const rounds = PEERS.map((peer) => [peer.name, { plain: valuesOf(peer, "plain"), gate: valuesOf(peer, "gate") }]);
    return { results, rounds: Object.fromEntries(rounds) };
  });
}

function lanesOf(peer: Peer, contender: Contender, { developers }: PeerKeys): readonly Lane[] {
  return (["plain", "gate"] as const).map((job) => {
    const { port, pid } = contender[job];
    const client = openClient({ ...requestsOf({ tokens: developers, status: 200 }), port, connections: CONNECTIONS });
    return { peer, job, pid, client };
  });
}

/** A gateway that fails is left out from then on. */
async function runPeerRounds(
  lanes: readonly Lane[],
  failures: Map<Peer, string>,
  { upstreamUrl }: Backends,
  pace: Pace,
): Promise<ReadonlyMap<Lane, readonly number[]>> {
  async function spendBurst({ peer, job, pid, client }: Lane): Promise<number> {
    if (failures.has(peer)) return 0;
    try {
      await client.ready();
      const seen = await readSeen(upstreamUrl);
      const spent = await spend(pid, client, BURST);
      checkSeen(seen, await readSeen(upstreamUrl), BURST, job === "gate" && peer.name !== EQUAL);
      return spent;
    } catch (error) {
      failures.set(peer, firstLines(error));
      client.close();
      return 0;
    }
  }
  const warmUp = { rounds: 1, bursts: Math.ceil(WARM_UP_REQUESTS / BURST / 4) };
  await interleave(lanes, warmUp, "peers, warming up: ", spendBurst);
  const samples = await interleave(lanes, pace, "peers: ", spendBurst);
  for (const { client } of lanes) client.close();
  return samples;
}

function resultOf({ name, install }: Peer, failure: string | undefined, { plain, gate }: Measured): PeerResult {
  if (failure !== undefined) return { name, failure };
  if (plain.length === 0) return { name, install };
  return { name, ratio: ratioOf(plain, gate), plain: spreadOf(plain), gate: spreadOf(gate) };
}

function print(results: readonly PeerResult[]): void {
  const rows = results.map(({ name, ratio, plain, gate, failure, install }) => {
    if (ratio === undefined) return [name, failure === undefined ? `not installed: ${install}` : `FAILED: ${failure}`];
    return [name, spreadText(ratio, 2), plain?.median.toFixed(1) ?? "", gate?.median.toFixed(1) ?? ""];
  });
  printTable([["CPU per request", "share kept", "plain, µs", "with the job, µs"], ...rows]);
  const ratio = results.find(({ name }) => name === EQUAL)?.ratio;
  if (ratio !== undefined && !isEqual(ratio))
    console.log("\nThis run is void: two equal servers differ by more than 4 %.");
}

/** An error without its whole stack. */
function firstLines(error: unknown): string {
  const lines = String(error).split("\n");
  return lines
    .filter((line) => /\w/.test(line))
    .slice(0, 3)
    .join(" | ");
}
