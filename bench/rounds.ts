// Rounds over all scenarios, reversed in turn, so that whatever else the machine does meets all of them alike.
import { cpuNanoseconds } from "./measure/cpu.ts";
import { load, type Outcome } from "./measure/load.ts";
import { progress } from "./report/progress.ts";
import { ADDRESS, type Scenario } from "./scenarios.ts";
import { CLUSTERS } from "./setup/keys.ts";
import type { Servers } from "./setup/servers.ts";

/** One scenario in one round. */
export interface Sample extends Outcome {
  readonly cpuMicroseconds: number;
}

/** Samples by scenario, in the order of the rounds. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

const CONNECTIONS = 32;

export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
}

/** Run all rounds. @throws Error at the first wrong verdict */
export async function runRounds(scenarios: readonly Scenario[], servers: Servers, pace: Pace): Promise<Samples> {
  for (const [i, scenario] of scenarios.entries()) {
    progress(`warming up ${i + 1}/${scenarios.length}: ${scenario.name}`);
    // Every key is met and every function compiled before anything counts.
    await sample(scenario, servers, Math.max(1, Math.min(20, scenario.tokens.length / 1_000)));
  }
  const samples = new Map<string, Sample[]>(scenarios.map(({ name }) => [name, []]));
  for (let round = 0; round < pace.rounds; round++) {
    const order = round % 2 === 0 ? scenarios : scenarios.toReversed();
    for (const scenario of order) {
      progress(`round ${round + 1}/${pace.rounds}: ${scenario.name}`);
      samples.get(scenario.name)?.push(await sample(scenario, servers, pace.seconds));
    }
  }
  return samples;
}

async function sample(scenario: Scenario, servers: Servers, seconds: number): Promise<Sample> {
  const server = servers.get(scenario.server);
  const headers = headersOf(scenario);
  const url = server.url + (scenario.path ?? CLUSTERS);
  await check(scenario, url, headers);
  const before = cpuNanoseconds(server.pid);
  const outcome = await load({ url, tokens: scenario.tokens, headers, connections: CONNECTIONS, seconds });
  const cpu = cpuNanoseconds(server.pid) - before;
  const refused = scenario.status >= 400 ? outcome.calls : 0;
  // A connection that wrk cut off in the end may have brought one more answer.
  if (outcome.broken > 0 || Math.abs(outcome.refused - refused) > CONNECTIONS) {
    throw new Error(`${scenario.name}: ${outcome.refused} of ${outcome.calls} were refused, ${outcome.broken} broken`);
  }
  await check(scenario, url, headers);
  return { ...outcome, cpuMicroseconds: cpu / 1_000 / outcome.calls };
}

/** One call with every answer's status and reason looked at. @throws Error for a wrong verdict */
async function check({ name, tokens, status, code }: Scenario, url: string, headers: Record<string, string>) {
  const token = tokens[Math.floor(Math.random() * tokens.length)] ?? null;
  const credential = token === null ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { headers: { ...headers, ...credential } });
  const body = (await answer.json()) as { error?: { code?: string } };
  if (answer.status !== status || (code !== undefined && body.error?.code !== code)) {
    throw new Error(`${name}: ${answer.status} ${body.error?.code ?? ""} instead of ${status} ${code ?? ""}`);
  }
}

function headersOf(scenario: Scenario): Record<string, string> {
  return { accept: "application/json", "user-agent": "bench", "cf-connecting-ip": ADDRESS, ...scenario.headers };
}
