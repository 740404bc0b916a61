// Whether a gateway does the job at all: who is let in, who is refused and how, and what the upstream gets to see.
import { ADDRESS } from "../scenarios.ts";
import { CLUSTERS } from "../setup/keys.ts";
import type { Contender } from "./contender.ts";
import type { PeerKeys } from "./keys.ts";
import type { Peer } from "./list.ts";

interface Trial {
  readonly who: string;
  readonly status: number;
  readonly token: string | null;
  readonly method?: "GET" | "POST";
  readonly address?: string;
}

/** What the upstream counts. */
export interface Seen {
  readonly connections: number;
  readonly calls: number;
  readonly withIdentity: number;
  readonly withKey: number;
}

export async function seenBy(upstreamUrl: string): Promise<Seen> {
  return (await (await fetch(`${upstreamUrl}/seen`)).json()) as Seen;
}

/** What every call of a peer brings beside its credential. */
export function headersFor({ addressHeader = "cf-connecting-ip" }: Peer, address: string = ADDRESS) {
  return { accept: "application/json", "user-agent": "bench", [addressHeader]: address };
}

/** Ask for every verdict once. @throws Error that names all wrong ones */
export async function checkVerdicts(peer: Peer, { gate }: Contender, keys: PeerKeys): Promise<void> {
  if (peer.hasJob === false) return;
  const wrong: string[] = [];
  for (const trial of trialsFor(peer, keys)) {
    const status = await statusOf(peer, gate.port, trial);
    if (status !== trial.status) wrong.push(`${trial.who} gets ${status} instead of ${trial.status}`);
  }
  if (wrong.length > 0) throw new Error(wrong.join("; "));
}

function trialsFor({ knowsExpiry = true }: Peer, keys: PeerKeys): readonly Trial[] {
  const [developer = ""] = keys.developers;
  const { viewer, expired, stranger, elsewhere } = keys;
  return [
    { who: "a Developer's read", token: developer, status: 200 },
    { who: "a Developer's change", token: developer, method: "POST", status: 200 },
    { who: "a Viewer's read", token: viewer, status: 200 },
    { who: "a Viewer's change", token: viewer, method: "POST", status: 403 },
    { who: "a wrong address", token: developer, address: elsewhere, status: 403 },
    { who: "a stranger", token: stranger, status: 401 },
    { who: "nobody", token: null, status: 401 },
    ...(knowsExpiry ? [{ who: "an expired key", token: expired, status: 401 }] : []),
  ];
}

async function statusOf(peer: Peer, port: number, { token, method = "GET", address }: Trial): Promise<number> {
  const credential = token === null ? {} : { authorization: `Bearer ${peer.credential?.(token) ?? token}` };
  const body = method === "POST" ? { body: "{}", method } : {};
  const headers = { ...headersFor(peer, address), ...credential };
  const answer = await fetch(`http://127.0.0.1:${port}${CLUSTERS}`, { ...body, headers });
  await answer.arrayBuffer();
  return answer.status;
}

/** New upstream connections, as a share of the calls, above which a gateway has lost keep-alive. */
const MOST_NEW = 0.2;

/** Look at what a burst left in the upstream's counts. @throws Error when that is not what the job asks for */
export function checkSeen(before: Seen, after: Seen, calls: number, withJob: boolean): void {
  const of = (name: keyof Seen) => after[name] - before[name];
  const [identities, credentials] = withJob ? [calls, 0] : [0, calls];
  const faults = [
    of("calls") === calls ? "" : `${of("calls")} of ${calls} calls came to the upstream`,
    of("withIdentity") === identities ? "" : `${of("withIdentity")} of ${calls} calls brought an identity`,
    of("withKey") === credentials ? "" : `${of("withKey")} of ${calls} calls brought their key`,
    of("connections") <= calls * MOST_NEW ? "" : `${of("connections")} new connections for ${calls} calls`,
  ].filter(Boolean);
  if (faults.length > 0) throw new Error(faults.join("; "));
}
