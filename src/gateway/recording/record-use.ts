// Counts the use of a key that was let in, and weighs the call against what the key is tried with, where it is. Whatever
// comes out changes no answer.

import { evaluateDryRun } from "../../core/access/dry-run.ts";
import type { DryRun, KeyRecord } from "../../core/access/principal.ts";
import type { Background } from "../../store/common.ts";
import type { DryRunRecorder } from "../../store/dry-runs/port.ts";
import type { Gateway } from "../gateway.ts";
import { clientOf, factsOf, type RequestContext } from "../request-context.ts";
import type { Target } from "../validate-request.ts";

/** Counts an allowed call for the key's usage, and for its trial where it has one. */
export function recordUse(
  context: RequestContext,
  target: Target,
  key: KeyRecord,
  gateway: Gateway,
  background: Background,
): void {
  gateway.usage.record(key.id, context.now, clientOf(context)?.text ?? null, background);
  if (key.dryRun !== null) recordDryRun(context, target, key.id, key.dryRun, gateway, background);
}

function recordDryRun(
  context: RequestContext,
  target: Target,
  keyId: string,
  dryRun: DryRun,
  gateway: Gateway,
  background: Background,
): void {
  const denial = dryRun.candidate === null ? null : evaluateDryRun(dryRun, factsOf(context, target), context.now);
  const note = (dryRuns: DryRunRecorder): void => {
    if (dryRun.candidate === null) dryRuns.recordUnreadable(keyId, context.now);
    else dryRuns.record({ keyId, dryRunId: dryRun.id, denial: denial, at: context.now }, background);
  };
  background(gateway.dryRuns().then(note));
}
