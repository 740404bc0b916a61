// Plays one case from its first request to its last, as the CLI would send them, and says where the CLI would fail.
import type { Case, Step } from "./cases.ts";
import { variantsOf } from "./command-line.ts";
import { noteMade, prepare, undoAll } from "./prepare.ts";
import { jwtProblems } from "./responses.ts";
import { nameFor, newScope, type Scope } from "./scope.ts";
import { playStep, type Round, type Stage } from "./step.ts";

interface Run {
  readonly steps: readonly Step[];
  readonly message: string | null;
}

/** Every way to run the command: each filling of its queries, then its error case. */
function runsOf({ steps, flags, message, errorCase }: Case): Run[] {
  let runs: Step[][] = [[]];
  for (const step of steps) {
    const ways = variantsOf(step.query, flags).map((query) => ({ ...step, query }));
    runs = runs.flatMap((before) => ways.map((way) => [...before, way]));
  }
  const plain = runs.map((each) => ({ steps: each, message }));
  if (errorCase === null) return plain;
  return [...plain, { steps: [...steps.slice(0, -1), errorCase.step], message: errorCase.message }];
}

/** Plays every way to run a case. @returns the problems of the first one that has some */
export async function playCase(source: Case, stage: Stage): Promise<readonly string[]> {
  const isExpired = source.steps.some(({ status }) => status === 401);
  const key = isExpired ? stage.gateway.expiredKey : stage.gateway.adminKey;
  let problems: readonly string[] = source.parsesKey ? jwtProblems(key, Date.now() / 1000) : [];
  for (const run of runsOf(source)) {
    if (problems.length > 0) return problems;
    const scope = newScope();
    try {
      problems = await playRun(source, run, { ...stage, key, scope });
    } finally {
      await undoAll(scope);
    }
  }
  return problems;
}

async function playRun(source: Case, run: Run, stage: Stage & { key: string; scope: Scope }): Promise<string[]> {
  const { scope, gateway } = stage;
  for (const [index, step] of [...source.preamble, ...run.steps].entries()) {
    if (index === source.preamble.length && index > 0) await prepare(source, scope, gateway);
    const { id } = step.operation;
    for (const round of roundsOf(step, scope, source)) {
      for (const [name, value] of Object.entries(round.ids)) scope.ids.set(name, value);
      const query = queryOf(step, scope);
      const problems = await playStep({ ...stage, step, query, round, source, message: run.message });
      if (problems.length > 0) return problems.map((each) => `${id}: ${each}`);
      noteMade(id, scope, gateway);
    }
  }
  return [];
}

/** How often, and for what, a conditional request is sent. @throws Error for a condition that is not known here */
function roundsOf({ when }: Step, scope: Scope, { flags }: Case): Round[] {
  const once = { ids: {}, listName: null };
  if (when === null) return [once];
  if (when.startsWith("once per key whose spec.allow_list_info is a non-empty array")) {
    const bound = scope.keys.filter(({ allowListIds }) => allowListIds.length > 0);
    if (bound.length === 0) throw new Error("no key with an allow list in the response, one was made");
    return bound.map(({ id }) => ({ ids: { apiKeyId: id }, listName: null }));
  }
  const flag = /^once per name in --([\w-]+)/.exec(when)?.[1];
  if (flag !== undefined) {
    const names = flags.get(flag)?.values[0]?.split(",") ?? [];
    return names.map((name) => ({ ids: {}, listName: nameFor(scope, name) }));
  }
  if (when.startsWith("a region has vpc_id")) return scope.ids.has("vpcIds") ? [once] : [];
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
