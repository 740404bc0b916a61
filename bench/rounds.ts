// Rounds over several servers, burst by burst and reversed in turn, so that noise meets all of them alike.
import { type Client, headersOf, openClient } from "./measure/client.ts";
import { progress, type Spread, spreadOf } from "./report.ts";
import type { Scenario } from "./scenarios.ts";
import { CLUSTERS } from "./setup/keys.ts";
import { cpuNanoseconds } from "./setup/process.ts";
import type { Servers } from "./setup/servers.ts";

/** CPU per request in microseconds, round by round, of every scenario. */
export type Samples = ReadonlyMap<string, readonly number[]>;

export interface Pace {
  readonly rounds: number;
  /** Of every scenario in every round. */
  readonly bursts: number;
}

export const BURST = 300;
/** Until every function of a request is compiled as well as it will be. */
export const WARM_UP_REQUESTS = 20_000;
/** The same on a server that is warm: most of its functions are those of another scenario. */
const MORE_WARM_UP_REQUESTS = 6_000;

interface Lane extends Scenario {
  readonly pid: number;
  readonly client: Client;
}

/** Runs all rounds. @throws Error at the first wrong response */
export async function runRounds(scenarios: readonly Scenario[], servers: Servers, pace: Pace): Promise<Samples> {
  const lanes: Lane[] = [];
  const warm = new Set<number>();
  for (const [i, scenario] of scenarios.entries()) {
    progress(`warming up ${i + 1}/${scenarios.length}: ${scenario.name}`);
    const { pid, port } = servers(scenario.server);
    const client = openClient(scenario, port);
    lanes.push({ ...scenario, pid, client });
    await check(scenario, servers);
    await client.ready();
    const least = warm.has(pid) ? MORE_WARM_UP_REQUESTS : WARM_UP_REQUESTS;
    await client.burst(Math.max(least, scenario.tokens.length * 2));
    warm.add(pid);
  }
  const many = lanes.filter(({ tokens }) => tokens.length > BURST);
  const onceAMinute = new Map(many.map((lane) => [onceAMinuteName(lane.name), [] as number[]]));
  const samples = await interleave(lanes, pace, "", ({ pid, client }) => spend(pid, client, BURST), {
    // Once a minute a key's use is written and its identity signed anew: with many keys that is a cost of its own.
    async beforeRound() {
      for (const { name, pid, client, tokens } of many) {
        const nanoseconds = await spend(pid, client, tokens.length);
        onceAMinute.get(onceAMinuteName(name))?.push(nanoseconds / 1_000 / tokens.length);
      }
    },
    async afterRound() {
      for (const scenario of scenarios) await check(scenario, servers);
    },
  });
  for (const { client } of lanes) client.close();
  return new Map([...[...samples].map(([{ name }, values]) => [name, values] as const), ...onceAMinute]);
}

const onceAMinuteName = (name: string) => `${name}, once a minute each`;

/**
 * Spends bursts of every lane in every round.
 *
 * @param spendBurst sends one burst and returns its CPU in nanoseconds
 * @returns CPU per request in microseconds, round by round
 */
export async function interleave<Key>(
  lanes: readonly Key[],
  pace: Pace,
  label: string,
  spendBurst: (lane: Key) => Promise<number>,
  hooks: { beforeRound?(): Promise<void>; afterRound?(): Promise<void> } = {},
): Promise<ReadonlyMap<Key, readonly number[]>> {
  const samples = new Map(lanes.map((lane) => [lane, [] as number[]]));
  for (let round = 0; round < pace.rounds; round++) {
    await hooks.beforeRound?.();
    const spent = new Map<Key, number>();
    for (let burst = 0; burst < pace.bursts; burst++) {
      progress(`${label}round ${round + 1}/${pace.rounds}, burst ${burst + 1}/${pace.bursts}`);
      for (const lane of (round + burst) % 2 === 0 ? lanes : lanes.toReversed()) {
        spent.set(lane, (spent.get(lane) ?? 0) + (await spendBurst(lane)));
      }
    }
    for (const [lane, total] of spent) samples.get(lane)?.push(total / 1_000 / (pace.bursts * BURST));
    await hooks.afterRound?.();
  }
  return samples;
}

/** Measures two sides round by round, the order reversed in turn, and combines the two values of each round. */
export async function comparePair(
  label: string,
  rounds: number,
  sides: readonly [() => Promise<number>, () => Promise<number>],
  combine: (first: number, second: number) => number,
): Promise<Spread> {
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) {
    progress(`${label}: round ${round + 1}/${rounds}`);
    const pair = [0, 0] as [number, number];
    for (const i of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) pair[i] = await sides[i]();
    values.push(combine(...pair));
  }
  return spreadOf(values);
}

/** CPU of a burst, in nanoseconds. */
export async function spend(pid: number, client: Client, requests: number): Promise<number> {
  await client.ready();
  const before = cpuNanoseconds(pid);
  await client.burst(requests);
  return cpuNanoseconds(pid) - before;
}

/** Sends one request and checks status and reason. @throws Error for a wrong response */
async function check(scenario: Scenario, servers: Servers): Promise<void> {
  const { name, server, tokens, headers, body, status, code, path = CLUSTERS } = scenario;
  const token = tokens[Math.floor(Math.random() * tokens.length)] ?? null;
  const { connection, ...sent } = headersOf(token, headers);
  const method = body === undefined ? "GET" : "POST";
  const response = await fetch(servers(server).url + path, { method, headers: sent, body: body ?? null });
  const { error } = (await response.json()) as { error?: { code?: string } };
  if (response.status !== status || (code !== undefined && error?.code !== code)) {
    throw new Error(`${name}: ${response.status} ${error?.code ?? ""} instead of ${status} ${code ?? ""}`);
  }
}
