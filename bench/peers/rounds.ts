// Rounds over all gateways, burst by burst, plain and with the job, reversed in turn: noise meets all alike.
import { type Caller, openCaller } from "../measure/burst.ts";
import { familyCpuNanoseconds } from "../measure/cpu.ts";
import { progress } from "../report/progress.ts";
import type { Pace } from "../rounds.ts";
import { CLUSTERS } from "../setup/keys.ts";
import type { Contender } from "./contender.ts";
import type { PeerKeys } from "./keys.ts";
import type { Peer } from "./list.ts";
import { checkSeen, headersFor, seenBy } from "./verdicts.ts";

const CONNECTIONS = 32;
const CALLS_IN_A_BURST = 300;
/** As many calls as the steady state of `npm run bench` warms up with. */
const WARM_UP_BURSTS = 14;

/** CPU per call in microseconds, round by round. */
export interface Measured {
  readonly plain: readonly number[];
  readonly gate: readonly number[];
}

export interface Entrant {
  readonly peer: Peer;
  readonly contender: Contender;
}

interface Lane {
  readonly peer: Peer;
  readonly job: "plain" | "gate";
  readonly pid: number;
  readonly caller: Caller;
  readonly micros: number[];
  spent: number;
}

/**
 * Run all rounds.
 *
 * @returns what each peer took, or the error that put it out of the race
 */
export async function runPeerRounds(
  entrants: readonly Entrant[],
  keys: PeerKeys,
  upstreamUrl: string,
  pace: Pace,
): Promise<ReadonlyMap<Peer, Measured | Error>> {
  const lanes = entrants.flatMap((entrant) => lanesOf(entrant, keys));
  const failed = new Map<Peer, Error>();
  const burstAll = async (order: readonly Lane[]): Promise<void> => {
    for (const lane of order) {
      if (failed.has(lane.peer)) continue;
      await burst(lane, upstreamUrl).catch((error: Error) => {
        failed.set(lane.peer, error);
        lane.caller.close();
      });
    }
  };
  for (let i = 0; i < WARM_UP_BURSTS; i++) {
    progress(`peers: warming up ${i + 1}/${WARM_UP_BURSTS}`);
    await burstAll(lanes);
  }
  for (let round = 0; round < pace.rounds; round++) {
    for (const lane of lanes) lane.spent = 0;
    for (let i = 0; i < pace.bursts; i++) {
      progress(`peers: round ${round + 1}/${pace.rounds}, burst ${i + 1}/${pace.bursts}`);
      await burstAll((round + i) % 2 === 0 ? lanes : lanes.toReversed());
    }
    for (const lane of lanes) lane.micros.push(lane.spent / 1_000 / (pace.bursts * CALLS_IN_A_BURST));
  }
  for (const { caller: client } of lanes) client.close();
  const microsOf = (peer: Peer, job: Lane["job"]) =>
    lanes.find((lane) => lane.peer === peer && lane.job === job)?.micros ?? [];
  return new Map(
    entrants.map(({ peer }) => [
      peer,
      failed.get(peer) ?? { plain: microsOf(peer, "plain"), gate: microsOf(peer, "gate") },
    ]),
  );
}

function lanesOf({ peer, contender }: Entrant, { developers }: PeerKeys): readonly Lane[] {
  const tokens = developers.map((token) => peer.credential?.(token) ?? token);
  const calls = { path: CLUSTERS, tokens, headers: headersFor(peer), status: 200, connections: CONNECTIONS };
  return (["plain", "gate"] as const).map((job) => {
    const { port, pid } = contender[job];
    return { peer, job, pid, caller: openCaller({ ...calls, port }), micros: [], spent: 0 };
  });
}

async function burst(lane: Lane, upstreamUrl: string): Promise<void> {
  const { peer, job, pid, caller: client } = lane;
  await client.ready();
  const seen = await seenBy(upstreamUrl);
  const before = familyCpuNanoseconds(pid);
  await client.burst(CALLS_IN_A_BURST);
  lane.spent += familyCpuNanoseconds(pid) - before;
  checkSeen(seen, await seenBy(upstreamUrl), CALLS_IN_A_BURST, job === "gate" && peer.hasJob !== false);
}
