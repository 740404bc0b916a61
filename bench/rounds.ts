// Rounds over all scenarios, burst by burst and reversed in turn, so that whatever else the machine does meets all alike.
import { type Caller, openCaller } from "./measure/burst.ts";
import { cpuNanoseconds } from "./measure/cpu.ts";
import { progress } from "./report/progress.ts";
import { ADDRESS, type Scenario } from "./scenarios.ts";
import { CLUSTERS } from "./setup/keys.ts";
import type { Servers } from "./setup/servers.ts";

/** CPU per call in microseconds, round by round, of every scenario. */
export type Samples = ReadonlyMap<string, readonly number[]>;

export interface Pace {
  readonly rounds: number;
  /** Of every scenario in every round. */
  readonly bursts: number;
}

const CONNECTIONS = 32;
const CALLS_IN_A_BURST = 300;
/** Until every function on the way is compiled as well as it will be. */
const WARM_UP_CALLS = 20_000;

/** Run all rounds. @throws Error at the first wrong verdict */
export async function runRounds(scenarios: readonly Scenario[], servers: Servers, pace: Pace): Promise<Samples> {
  const callers = new Map<string, Caller>();
  for (const [i, scenario] of scenarios.entries()) {
    progress(`warming up ${i + 1}/${scenarios.length}: ${scenario.name}`);
    const { tokens, status, path = CLUSTERS } = scenario;
    const { port } = servers.get(scenario.server);
    const client = openCaller({ port, path, tokens, status, headers: headersOf(scenario), connections: CONNECTIONS });
    callers.set(scenario.name, client);
    await check(scenario, servers);
    await client.ready();
    await client.burst(Math.max(WARM_UP_CALLS, tokens.length * 2));
  }
  const samples = new Map<string, number[]>(scenarios.map(({ name }) => [name, []]));
  const many = scenarios.filter(({ tokens }) => tokens.length > CALLS_IN_A_BURST);
  for (const { name } of many) samples.set(onceAMinute(name), []);
  for (let round = 0; round < pace.rounds; round++) {
    // Once a minute a key's use is written and its identity signed anew: with many keys that is a cost of its own.
    for (const { name, server, tokens } of many) {
      progress(`round ${round + 1}/${pace.rounds}: all of ${name}`);
      samples.get(onceAMinute(name))?.push(await costOf(servers.get(server).pid, callers.get(name), tokens.length));
    }
    const spent = new Map<string, number>();
    for (let burst = 0; burst < pace.bursts; burst++) {
      progress(`round ${round + 1}/${pace.rounds}, burst ${burst + 1}/${pace.bursts}`);
      for (const { name, server } of (round + burst) % 2 === 0 ? scenarios : scenarios.toReversed()) {
        const cost = await costOf(servers.get(server).pid, callers.get(name), CALLS_IN_A_BURST);
        spent.set(name, (spent.get(name) ?? 0) + cost);
      }
    }
    for (const [name, micros] of spent) samples.get(name)?.push(micros / pace.bursts);
    for (const scenario of scenarios) await check(scenario, servers);
  }
  for (const client of callers.values()) client.close();
  return samples;
}

/** The name under which calls are kept that come once a minute from each of many keys. */
export function onceAMinute(name: string): string {
  return `${name}, once a minute each`;
}

/** CPU of a burst, in microseconds per call. */
async function costOf(pid: number, client: Caller | undefined, calls: number): Promise<number> {
  await client?.ready();
  const before = cpuNanoseconds(pid);
  await client?.burst(calls);
  return (cpuNanoseconds(pid) - before) / 1_000 / calls;
}

/** One call with its answer's status and reason looked at. @throws Error for a wrong verdict */
async function check(scenario: Scenario, servers: Servers): Promise<void> {
  const { name, tokens, status, code, path = CLUSTERS } = scenario;
  const token = tokens[Math.floor(Math.random() * tokens.length)] ?? null;
  const credential = token === null ? {} : { authorization: `Bearer ${token}` };
  const headers = { ...headersOf(scenario), ...credential };
  const answer = await fetch(servers.get(scenario.server).url + path, { headers });
  const body = (await answer.json()) as { error?: { code?: string } };
  if (answer.status !== status || (code !== undefined && body.error?.code !== code)) {
    throw new Error(`${name}: ${answer.status} ${body.error?.code ?? ""} instead of ${status} ${code ?? ""}`);
  }
}

/** What every call of a scenario brings beside its credential. */
export function headersOf(scenario: Scenario): Record<string, string> {
  return { accept: "application/json", "user-agent": "bench", "cf-connecting-ip": ADDRESS, ...scenario.headers };
}
