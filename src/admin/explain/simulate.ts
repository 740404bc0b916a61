// Evaluates a request that is not sent, on current data. Reads only; counts and records nothing.

import type { Denial } from "../../core/access/decision.ts";
import { type ExplainedRequest, type ExplainedStep, type Explanation, explain } from "../../core/access/explain.ts";
import type { KeyRecord } from "../../core/access/principal.ts";
import { parseAddress } from "../../core/ip/ip-address.ts";
import { matchOperation } from "../../core/routing/match-operation.ts";
import type { AdminPorts } from "../ports.ts";
import type { ExplanationData, StepData } from "./schema.ts";

/** The decision on a simulated request, with its steps. */
export type SimulatedDecision = Pick<ExplanationData, "allow" | "reason" | "steps">;

/**
 * Decides a simulated request of a key.
 *
 * @param simulated its path is canonical and has no query
 * @param now milliseconds since the epoch
 */
export async function decideSimulated(
  ports: AdminPorts,
  key: KeyRecord,
  simulated: ExplainedRequest,
  now: number,
): Promise<SimulatedDecision> {
  const target = matchOperation(simulated.method, simulated.path, "", ports.routes);
  if ("reason" in target) return operationDenial(target);
  const details = await ports.apiKeys.get(key.accountId, key.id);
  const lists = await ports.allowLists.getMany(key.accountId, details?.allowListIds ?? []);
  const { operation, params, accountId } = target;
  const address = simulated.address === null ? null : parseAddress(simulated.address);
  const explanation = explain(key, { address, accountId, operation, params }, now, simulated, lists);
  const blocked = ports.blockedKeyIds.has(key.id);
  return {
    allow: explanation.allow && !blocked,
    reason: blocked ? "key_denied" : explanation.reason,
    steps: stepsOf(explanation, blocked),
  };
}

const SIGNATURE_STEP: ExplainedStep = {
  check: "signature",
  outcome: "not_asked",
  reason: null,
  message: "A simulation has no key text whose signature could be verified.",
  compared: {},
};

const BLOCKED_STEP: ExplainedStep = {
  check: "break_glass",
  outcome: "refused",
  reason: "key_denied",
  message: "The key is in BLOCKED_KEY_IDS of the configuration.",
  compared: {},
};

const NOT_BLOCKED_STEP: ExplainedStep = {
  check: "break_glass",
  outcome: "passed",
  reason: null,
  message: "The key is not in BLOCKED_KEY_IDS of the configuration.",
  compared: {},
};

function stepsOf(explanation: Explanation, blocked: boolean): StepData[] {
  const steps = [SIGNATURE_STEP, blocked ? BLOCKED_STEP : NOT_BLOCKED_STEP, ...explanation.steps];
  return steps.map((step) => ({ ...step, compared: { ...step.compared } }));
}

function operationDenial({ reason }: Denial): SimulatedDecision {
  const message = "The path belongs to Gatehouse, which does not serve this method there.";
  return { allow: false, reason, steps: [{ check: "operation", outcome: "refused", reason, message, compared: {} }] };
}
