// Plays one case from its first request to its last, as the CLI would send them, and says where the CLI would fail.
import { clientOf } from "../../test/support/admin-client.ts";
import type { Case, Step } from "./cases.ts";
import { variantsOf } from "./command-line.ts";
import { prepare } from "./prepare.ts";
import { jwtProblems } from "./responses.ts";
import { nameFor, newScope, type Scope } from "./scope.ts";
import { playStep, type Stage } from "./step.ts";

interface Run {
  readonly steps: readonly Step[];
  readonly message: string | undefined;
}

/** Every way to run the command: each filling of its queries, then its error case. */
function runsOf({ steps, flags, stderr_contains: message, error_case: error }: Case): Run[] {
  let runs: Step[][] = [[]];
  for (const step of steps) {
    const ways = variantsOf(step.query, flags).map((query) => ({ ...step, query }));
    runs = runs.flatMap((before) => ways.map((way) => [...before, way]));
  }
  const plain = runs.map((each): Run => ({ steps: each, message }));
  const last = steps.at(-1);
  if (error === undefined || last === undefined) return plain;
  return [...plain, { steps: [...steps.slice(0, -1), { ...last, ...error }], message: error.stderr_contains }];
}

/** Plays every way to run a case. @returns the problems of the first one that has some */
export async function playCase(source: Case, stage: Stage): Promise<readonly string[]> {
  const isExpired = source.steps.some(({ respond }) => respond === 401);
  const key = isExpired ? stage.expiredKey : stage.adminKey;
  let problems: readonly string[] = /JWT/.test(source.local_checks) ? jwtProblems(key, Date.now() / 1000) : [];
  for (const run of runsOf(source)) {
    if (problems.length === 0) problems = await playRun(source, run, stage, key);
  }
  return problems;
}

async function playRun(source: Case, { steps, message }: Run, stage: Stage, key: string): Promise<readonly string[]> {
  const scope = newScope();
  for (const [index, step] of [...source.preamble, ...steps].entries()) {
    if (index === source.preamble.length && index > 0) {
      await prepare(source, scope, clientOf(stage.gatehouse, stage.adminKey));
    }
    for (const { apiKeyId, listName = null } of roundsOf(step, scope, source)) {
      if (apiKeyId !== undefined) scope.ids.set("apiKeyId", apiKeyId);
      const query = queryOf(step, scope);
      const problems = await playStep({ ...stage, key, scope, source, step, query, listName, message });
      if (problems.length > 0) return problems.map((each) => `${step.operation.id}: ${each}`);
    }
  }
  return [];
}

/** One sending of a step that is sent once per something. */
interface Round {
  readonly apiKeyId?: string;
  readonly listName?: string;
}

/** How often, and for what, a conditional request is sent. @throws Error for a condition that is not known here */
function roundsOf({ when }: Step, scope: Scope, { flags }: Case): Round[] {
  if (when === undefined) return [{}];
  if (when.startsWith("once per key whose spec.allow_list_info is a non-empty array")) {
    const bound = scope.keys.filter(({ allowListIds }) => allowListIds.length > 0);
    if (bound.length === 0) throw new Error("no key with an allow list in the response, one was made");
    return bound.map(({ id }) => ({ apiKeyId: id }));
  }
  const flag = /^once per name in --([\w-]+)/.exec(when)?.[1];
  if (flag !== undefined) {
    const names = flags.get(flag)?.values[0]?.split(",") ?? [];
    return names.map((name) => ({ listName: nameFor(scope, name) }));
  }
  if (when.startsWith("a region has vpc_id")) return scope.ids.has("vpcIds") ? [{}] : [];
  throw new Error(`condition not understood: ${when}`);
}

const TAKEN_FROM_RESPONSES: Readonly<Record<string, string>> = { api_key_ids: "apiKeyId", ids: "vpcIds" };

function queryOf(step: Step, scope: Scope): URLSearchParams {
  const entries = Object.entries(step.query).map(([name, value]) => {
    const source = TAKEN_FROM_RESPONSES[name];
    return [name, source === undefined ? nameFor(scope, value) : (scope.ids.get(source) ?? "")];
  });
  return new URLSearchParams(entries);
}
