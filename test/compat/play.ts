// Plays the scenarios of one server and one client, direct and through the gateway, and says what differs.
import type { ClientResult, ReadyClient } from "./clients.ts";
import { bodyOf, compareResults, type Difference, type Side } from "./compare.ts";
import { startRelay } from "./relay.ts";
import { REUSE, SCENARIOS, type Scenario, type Step } from "./scenarios.ts";
import type { Server } from "./servers.ts";

/** A scenario with what differs in it. */
export interface Played {
  readonly scenario: string;
  /** The status of each direct response; 0 where the client has broken off, or has failed. */
  readonly statuses: readonly number[];
  readonly differences: readonly Difference[];
}

/** Ports of a server and of the gateway in front of another one of its kind, and the `Authorization` that each requires. */
export interface Routes {
  readonly direct: readonly [port: number, authorization: string];
  readonly through: readonly [port: number, authorization: string];
}

interface Session {
  readonly results: readonly ClientResult[];
  readonly origins: readonly string[];
  readonly connections: number;
}

/** The scenarios all of whose requests a server serves. */
export function scenariosOf({ serves }: Pick<Server, "serves">): readonly Scenario[] {
  return SCENARIOS.filter(({ steps }) => steps.every(({ method, path }) => serves.test(`${method} ${path}`)));
}

/** Plays the scenarios in one session of the client on each route. @throws when the client does not come to its end */
export async function play(
  scenarios: readonly Scenario[],
  client: ReadyClient,
  { direct, through }: Routes,
): Promise<readonly Played[]> {
  const steps = scenarios.flatMap((scenario) => scenario.steps);
  const [plain, passed] = await Promise.all([
    // The server's own address may stand in a response to a direct request; nothing leads there through the gateway.
    runSession(steps, client, direct, [`http://127.0.0.1:${direct[0]}`]),
    runSession(steps, client, through, []),
  ]);
  let next = 0;
  return scenarios.map((scenario) => {
    const from = next;
    next += scenario.steps.length;
    const [a, b] = [sidesOf(plain, from, next), sidesOf(passed, from, next)];
    const differences = a.flatMap((side, index) => compareResults(side, b[index] as Side, scenario.streams ?? false));
    const reuses = scenario.steps.some(({ path }) => path.includes(REUSE));
    const reuse = reuses ? compareReuse(plain, passed, a.length) : [];
    return {
      scenario: scenario.name,
      statuses: a.map(({ result }) => result.status ?? 0),
      differences: [...differences, ...findForbidden(scenario, b), ...reuse],
    };
  });
}

async function runSession(
  steps: readonly Step[],
  client: ReadyClient,
  [port, authorization]: Routes["direct"],
  alsoKnownAs: readonly string[],
): Promise<Session> {
  const relay = await startRelay(port, REUSE);
  const origin = `http://127.0.0.1:${relay.port}`;
  try {
    const results = await client.send(origin, authorization, steps);
    if (results.length !== steps.length) throw new Error(`${results.length} results of ${steps.length} requests`);
    return { results, origins: [origin, ...alsoKnownAs], connections: relay.connections() };
  } finally {
    relay.close();
  }
}

function sidesOf({ results, origins }: Session, from: number, to: number): readonly Side[] {
  return results.slice(from, to).map((result) => ({ result, origins }));
}

function findForbidden({ mustLack }: Scenario, through: readonly Side[]): readonly Difference[] {
  if (mustLack === undefined || !through.some(({ result }) => bodyOf(result).includes(mustLack))) return [];
  return [{ what: `a response with "${mustLack}"`, direct: null, through: "there" }];
}

/** A client may open a second connection while the first one is not free yet, so the number itself says little. */
function compareReuse(direct: Session, through: Session, requests: number): readonly Difference[] {
  const [a, b] = [direct, through].map(({ connections }) => (connections < requests ? "used again" : "new each time"));
  return a === b ? [] : [{ what: "connections", direct: a ?? null, through: b ?? null }];
}
