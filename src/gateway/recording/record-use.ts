// What an allowed request leaves behind: the key's usage, and the outcome of its dry run. Neither changes the response.
import { evaluateDryRun } from "../../core/access/dry-run.ts";
import { type DryRun, isApiKey, type Principal } from "../../core/access/principal.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import type { Background } from "../../store/common.ts";
import { factsOf } from "../authorize.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";

/** Count an allowed request for its key's usage, and for the key's dry run when it has one. Operators have neither. */
export function recordUse(
  context: RequestContext,
  target: Target,
  principal: Principal,
  gateway: Gateway,
  background: Background,
): void {
  if (!isApiKey(principal)) return;
  const { id, dryRun } = principal;
  gateway.usage.record(id, context.now, context.client, context.request.raw, background);
  if (dryRun !== null) background(recordDryRun(context, target, id, dryRun, gateway, background));
}

async function recordDryRun(
  context: RequestContext,
  target: Target,
  keyId: string,
  dryRun: DryRun,
  gateway: Gateway,
  background: Background,
): Promise<void> {
  const recorder = await gateway.dryRuns();
  if (dryRun.candidate === null) return recorder.recordUnreadable(keyId, context.now);
  const denial = evaluateDryRun(dryRun, factsOf(context, target), context.now);
  recorder.record({ keyId, dryRunId: dryRun.id, denial, at: context.now }, background);
}
