// Evaluates a request that is not sent, on current data. Reads only; counts and records nothing.

import type { Denial, Reason } from "../../core/access/decision.ts";
import { type ExplainedRequest, type ExplainedStep, type Explanation, explain } from "../../core/access/explain.ts";
import type { KeyRecord, UnusableReason } from "../../core/access/principal.ts";
import { parseAddress } from "../../core/ip/ip-address.ts";
import { matchOperation } from "../../core/routing/match-operation.ts";
import type { ApiKeyDetails } from "../../store/api-keys/port.ts";
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
  const target = matchOperation(simulated.method, simulated.path, "", ports.operations);
  if ("reason" in target) return operationDenial(target);
  const details = await ports.apiKeys.get(key.accountId, key.id);
  const lists = await ports.allowLists.getMany(key.accountId, details?.allowListIds ?? []);
  const { operation, params, accountId } = target;
  const address = simulated.address === null ? null : parseAddress(simulated.address);
  const explanation = explain(key, { address, accountId, operation, params }, now, simulated, lists);
  const denied = DENIED_BY_CONFIGURATION[details?.unusableReason ?? "none"];
  return {
    allow: explanation.allow && denied === null,
    reason: denied ?? explanation.reason,
    steps: stepsOf(explanation, details),
  };
}

/** What a client is told whose key the configuration ends, whatever its record says. */
const DENIED_BY_CONFIGURATION: Readonly<Record<UnusableReason | "none", Reason | null>> = {
  blocked: "key_denied",
  signing_key_removed: "token_malformed",
  // Their records say so as well.
  disabled: null,
  canary: null,
  none: null,
};

/** A simulation has no key text, but the record says which secret has signed it. */
function signatureStep(details: ApiKeyDetails | null): ExplainedStep {
  const signing_key_id = details?.signingKeyId ?? null;
  const step = { check: "signature", compared: { signing_key_id } } as const;
  if (signing_key_id === null) {
    const message = "A simulation has no key text whose signature could be verified.";
    return { ...step, outcome: "not_asked", reason: null, message };
  }
  if (details?.unusableReason === "signing_key_removed") {
    const message = `The secret ${signing_key_id}, which has signed the key, is no longer in KEY_RING.`;
    return { ...step, outcome: "refused", reason: "token_malformed", message };
  }
  const message = `The secret ${signing_key_id}, which has signed the key, is in KEY_RING.`;
  return { ...step, outcome: "passed", reason: null, message };
}

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

function stepsOf(explanation: Explanation, details: ApiKeyDetails | null): StepData[] {
  const blocked = details?.unusableReason === "blocked";
  const steps = [signatureStep(details), blocked ? BLOCKED_STEP : NOT_BLOCKED_STEP, ...explanation.steps];
  return steps.map((step) => ({ ...step, compared: { ...step.compared } }));
}

const OPERATION_DENIALS = {
  reserved: "The path has no operation with this method.",
  operation_unknown:
    "The operation is not in the operation table. Unknown operations are denied, or the path is not one of the API.",
  path_not_canonical: "A server could read the path as another one, or no operation has such a value in its path.",
} as const;

function operationDenial({ reason }: Denial): SimulatedDecision {
  const known = reason === "operation_unknown" || reason === "path_not_canonical";
  const message = OPERATION_DENIALS[known ? reason : "reserved"];
  return { allow: false, reason, steps: [{ check: "operation", outcome: "refused", reason, message, compared: {} }] };
}
