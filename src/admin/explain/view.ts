// The recorded steps of a denied request as the wire has them.
import type { DeniedRequest } from "../../store/denials/port.ts";
import type { StepData } from "./schema.ts";

/** All steps that were evaluated: first those before the key's record was found, then the checks of the record. */
export function toSteps(denied: DeniedRequest): readonly StepData[] {
  return [...stepsBeforeRecord(denied), ...denied.steps.map(toStep)];
}

function toStep({ check, reason }: DeniedRequest["steps"][number]): StepData {
  if (reason === null) return passed(check, "Passed.");
  return { check, outcome: "refused", reason, message: "Denied the request.", compared: {} };
}

function stepsBeforeRecord({ reason, source }: DeniedRequest): readonly StepData[] {
  if (source === null) return [stepWithoutLookup(reason)];
  const signature = passed("signature", "Gatehouse has signed the key.");
  if (reason === "key_unknown") return [signature, refused("key", reason, "No such key is stored.")];
  if (reason === "key_denied") return [signature, refused("break_glass", reason, "The key was in BLOCKED_KEY_IDS.")];
  return [signature];
}

/** The only step of a request that was denied before any key was looked up. */
function stepWithoutLookup(reason: string): StepData {
  if (reason === "signature_invalid") return refused("signature", reason, SIGNATURE_INVALID);
  if (reason === "token_malformed") return refused("signature", reason, TOKEN_MALFORMED);
  return refused("call", reason, "The request was denied before its key was looked up.");
}

const SIGNATURE_INVALID =
  "No secret of the key ring verifies the key's signature: the key is mistyped or forged, or its secret is retired.";
const TOKEN_MALFORMED = "The credential does not have the form of a key: it is truncated, quoted, or something else.";

function passed(check: string, message: string): StepData {
  return { check, outcome: "passed", reason: null, message, compared: {} };
}

function refused(check: string, reason: string, message: string): StepData {
  return { check, outcome: "refused", reason, message, compared: {} };
}
