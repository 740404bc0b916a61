// Plays one case from its first request to its last, as the CLI would send them, and says where it would have tripped.
import type { Case, Step } from "./cases.ts";
import { variantsOf } from "./command-line.ts";
import { jwtFaults } from "./jwt.ts";
import { noteMade, prepare, takeBack } from "./prepare.ts";
import { fillIn, nameFor, newScope, type Scope } from "./scope.ts";
import { isServed, playStep, type Round, type Stage } from "./step.ts";

export interface Outcome {
  readonly faults: readonly string[];
  /** The operation that a case was not played beyond; `null`: it was played to its end. */
  readonly stoppedAt: string | null;
}

interface Run {
  readonly steps: readonly Step[];
  readonly complaint: string | null;
}

/** Every way to run the command: each filling of its queries, then its error case. */
function runsOf(source: Case, withErrorCase: boolean): Run[] {
  let runs: Step[][] = [[]];
  for (const step of source.steps) {
    const ways = variantsOf(step.query, source.flags).map((query) => ({ ...step, query }));
    runs = runs.flatMap((steps) => ways.map((way) => [...steps, way]));
  }
  const { errorCase, complaint } = source;
  const plain = runs.map((steps) => ({ steps, complaint }));
  if (errorCase === null || !withErrorCase) return plain;
  return [...plain, { steps: [...source.steps.slice(0, -1), errorCase.step], complaint: errorCase.complaint }];
}

export async function playCase(source: Case, stage: Stage): Promise<Outcome | "skip"> {
  const expired = source.steps.some(({ status }) => status === 401);
  const key = expired ? stage.door.expiredKey : stage.door.adminKey;
  if (key === null) return "skip";
  if (source.parsesKey) {
    const faults = jwtFaults(key, Date.now() / 1000);
    if (faults.length > 0) return { faults, stoppedAt: null };
  }
  // Behind a door that somebody uses, "apikey-1" may be a key that is needed: the command gets another name there.
  const foreign = stage.upstream === null ? (source.flags.get("name")?.values ?? []) : [];
  let stoppedAt: string | null = null;
  for (const run of runsOf(source, stage.upstream !== null)) {
    const scope = newScope(foreign);
    try {
      const outcome = await playRun(source, run, { ...stage, key, scope });
      if (outcome.faults.length > 0) return outcome;
      stoppedAt ??= outcome.stoppedAt;
    } finally {
      await takeBack(scope);
    }
  }
  return { faults: [], stoppedAt };
}

async function playRun(source: Case, run: Run, stage: Stage & { key: string; scope: Scope }): Promise<Outcome> {
  const { scope } = stage;
  for (const [index, step] of [...source.preamble, ...run.steps].entries()) {
    if (index === source.preamble.length && index > 0) await prepare(source, scope, stage.door);
    const { id } = step.operation;
    if (stage.upstream === null && mustNotTouch(step, scope)) return { faults: [], stoppedAt: id };
    for (const round of roundsOf(step, scope, source)) {
      for (const [name, value] of Object.entries(round.ids)) scope.ids.set(name, value);
      const query = queryOf(step, scope);
      const faults = await playStep({ ...stage, step, query, round, source, complaint: run.complaint });
      if (faults.length > 0) return { faults: faults.map((fault) => `${id}: ${fault}`), stoppedAt: null };
      noteMade(id, scope, stage.door);
    }
  }
  return { faults: [], stoppedAt: null };
}

/** Behind a door that somebody uses, nothing is changed and nothing is expected to exist. */
function mustNotTouch(step: Step, scope: Scope): boolean {
  if (isServed(step.operation.id)) return false;
  return step.operation.method !== "GET" || fillIn(step.operation.template, scope) === null;
}

/** How often, and for what, a conditional request is sent. A condition that nobody taught the tool is an error. */
function roundsOf({ when }: Step, scope: Scope, { flags }: Case): Round[] {
  if (when === null) return [{ ids: {}, listName: null }];
  if (when.startsWith("once per key whose spec.allow_list_info is a non-empty array")) {
    const bound = scope.keys.filter(({ allowListIds }) => allowListIds.length > 0);
    if (bound.length === 0) throw new Error("no key with an allow list in the answer, one was made");
    return bound.map(({ id }) => ({ ids: { apiKeyId: id }, listName: null }));
  }
  const flag = /^once per name in --([\w-]+)/.exec(when)?.[1];
  if (flag !== undefined) {
    const names = flags.get(flag)?.values[0]?.split(",") ?? [];
    return names.map((name) => ({ ids: {}, listName: nameFor(scope, name) }));
  }
  if (when.startsWith("a region has vpc_id")) return scope.ids.has("vpcIds") ? [{ ids: {}, listName: null }] : [];
  throw new Error(`condition not understood: ${when}`);
}

const TAKEN_FROM_ANSWERS: Readonly<Record<string, string>> = { api_key_ids: "apiKeyId", ids: "vpcIds" };

function queryOf(step: Step, scope: Scope): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(step.query)) {
    const source = TAKEN_FROM_ANSWERS[name];
    query.set(name, source === undefined ? nameFor(scope, value) : (scope.ids.get(source) ?? ""));
  }
  return query;
}
