// Whether a gateway does the job: which requests it forwards, how it denies the others, and what reaches the upstream.
import { headersOf } from "../measure/client.ts";
import { CLUSTERS } from "../setup/keys.ts";
import type { PeerKeys } from "./keys.ts";

/** The counts of the upstream. */
type Seen = Readonly<Record<"connections" | "requests" | "withIdentity" | "withKey", number>>;

/** New upstream connections, as a share of the requests, above which a gateway has lost keep-alive. */
const MOST_NEW = 0.2;

export async function readSeen(upstreamUrl: string): Promise<Seen> {
  return (await (await fetch(`${upstreamUrl}/seen`)).json()) as Seen;
}

/** Sends one request for each expected status. @throws Error that names all wrong ones */
export async function checkStatuses(port: number, { developers, viewer, expired, unknown }: PeerKeys): Promise<void> {
  const [developer = ""] = developers;
  const elsewhere = { "cf-connecting-ip": "198.51.100.7" };
  const expected = [
    { request: "a Developer's read", token: developer, status: 200 },
    { request: "a Developer's change", token: developer, method: "POST", status: 200 },
    { request: "a Viewer's read", token: viewer, status: 200 },
    { request: "a Viewer's change", token: viewer, method: "POST", status: 403 },
    { request: "another address", token: developer, headers: elsewhere, status: 403 },
    { request: "an unknown key", token: unknown, status: 401 },
    { request: "no key", token: null, status: 401 },
    { request: "an expired key", token: expired, status: 401 },
  ];
  const wrong: string[] = [];
  for (const { request, token, method = "GET", headers, status } of expected) {
    const init = { method, headers: headersOf(token, headers), body: method === "GET" ? null : "{}" };
    const response = await fetch(`http://127.0.0.1:${port}${CLUSTERS}`, init);
    await response.arrayBuffer();
    if (response.status !== status) wrong.push(`${request} gets ${response.status} instead of ${status}`);
  }
  if (wrong.length > 0) throw new Error(wrong.join("; "));
}

/** Compares the upstream's counts before and after a burst. @throws Error when they are not those of the job */
export function checkSeen(before: Seen, after: Seen, requests: number, withJob: boolean): void {
  const of = (name: keyof Seen) => after[name] - before[name];
  const [identities, credentials] = withJob ? [requests, 0] : [0, requests];
  const problems = [
    of("requests") === requests ? "" : `${of("requests")} of ${requests} requests reached the upstream`,
    of("withIdentity") === identities ? "" : `${of("withIdentity")} of ${requests} requests had an identity`,
    of("withKey") === credentials ? "" : `${of("withKey")} of ${requests} requests had their key`,
    of("connections") <= requests * MOST_NEW ? "" : `${of("connections")} new connections for ${requests} requests`,
  ].filter(Boolean);
  if (problems.length > 0) throw new Error(problems.join("; "));
}
