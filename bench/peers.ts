// `npm run bench -- --peers`: Gatehouse and other gateways at the same job, each against its own plain proxying: what
// authorising costs them. The same upstream, the same keys; those that are installed, and how to install the others.
import type { Contender } from "./peers/contender.ts";
import { type PeerKeys, writeKeys } from "./peers/keys.ts";
import { PEERS, type Peer } from "./peers/list.ts";
import { type Entrant, runPeerRounds } from "./peers/rounds.ts";
import { checkVerdicts } from "./peers/verdicts.ts";
import { type PeerLine, printPeers } from "./report/peers.ts";
import { progress, progressEnds } from "./report/progress.ts";
import type { Pace } from "./rounds.ts";
import type { Secrets } from "./setup/keys.ts";
import { type Ground, startGround } from "./setup/servers.ts";

/** Measure what is installed, and print the shares of the plain throughput that are kept. */
export async function measurePeers(secrets: Secrets, pace: Pace): Promise<readonly PeerLine[]> {
  progress("peers: making keys");
  const keys = await writeKeys(secrets);
  const ground = await startGround(keys.database, secrets);
  const entrants: Entrant[] = [];
  const faults = new Map<Peer, string>();
  const installed = PEERS.filter((peer) => peer.isInstalled());
  for (const peer of installed) {
    progress(`peers: starting ${peer.name}`);
    try {
      entrants.push({ peer, contender: await startChecked(peer, keys, ground) });
    } catch (error) {
      faults.set(peer, firstLines(error));
    }
  }
  const measured = await runPeerRounds(entrants, keys, ground.upstreamUrl, pace);
  await Promise.all(entrants.map(({ contender }) => contender.stop()));
  await ground.stop();
  progressEnds();
  const lines = PEERS.map((peer): PeerLine => {
    const { name, lacks, install } = peer;
    const result = measured.get(peer);
    if (result instanceof Error || faults.has(peer))
      return { name, lacks, fault: faults.get(peer) ?? firstLines(result) };
    return result === undefined ? { name, lacks, install } : { name, lacks, measured: result };
  });
  printPeers(lines);
  return lines;
}

/** Start a peer and see that it does the job; one that does not is ended again. */
async function startChecked(peer: Peer, keys: PeerKeys, ground: Ground): Promise<Contender> {
  const contender = await peer.start(keys, ground);
  try {
    await checkVerdicts(peer, contender, keys);
    return contender;
  } catch (error) {
    await contender.stop();
    throw error;
  }
}

/** What a server complains of, without its whole stack. */
function firstLines(error: unknown): string {
  const lines = String(error).split("\n");
  return lines
    .filter((line) => /\w/.test(line))
    .slice(0, 3)
    .join(" | ");
}
