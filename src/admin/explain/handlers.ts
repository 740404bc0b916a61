// "Why was I refused?" for a call that was, by its request id, and "would I be?" for one that is only thought of. Touches no
// counter and changes nothing.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { Denial, Reason } from "../../core/access/decision.ts";
import { type ExplainedStep, type Explanation, explain } from "../../core/access/explain.ts";
import type { KeyRecord } from "../../core/access/principal.ts";
import { parseAddress } from "../../core/ip/ip-address.ts";
import { canonicalPath } from "../../core/routing/canonical-path.ts";
import { matchOperation } from "../../core/routing/match-operation.ts";
import type { DeniedRequest } from "../../store/denials/port.ts";
import { ExplainRequest, type ExplanationData } from "../audit/schema.ts";
import { readBody } from "../body.ts";
import type { AdminPorts } from "../ports.ts";
import { json, notFound, validationError } from "../responses.ts";
import { toIsoString } from "../roles/view.ts";

export async function explainRefusal(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const body = await readBody(request, ExplainRequest);
  if (body instanceof Response) return body;
  const { request_id, api_key_id, address, method, path } = body.value;
  if (request_id !== undefined) return explainRequest(ports, request, request_id);
  if (api_key_id === undefined || method === undefined || path === undefined) {
    throw new Error("the schema has let half a simulation through");
  }
  if (canonicalPath(`https://door${path}`) !== path) {
    return validationError(request, [{ field: "path", message: "The path is not in canonical form." }]);
  }
  const asked = { method, path, address: address ?? null };
  const key = await readKey(ports, request, api_key_id);
  if (key === null) return notFound(request, "API key");
  const explained = await simulate(ports, request, key, asked);
  return json({
    data: {
      call: {
        request_id: null,
        api_key_id,
        api_key_name: key.name,
        ...asked,
        judged_on: toIsoString(request.now),
      },
      simulated: true,
      ...explained,
      freshness: { source: "d1", age_ms: 0, key_version: key.version },
      now: null,
    } satisfies ExplanationData,
  });
}

async function explainRequest(ports: AdminPorts, request: AuthorizedRequest, requestId: string): Promise<Response> {
  const { accountId } = request.principal;
  await ports.denialRecorder.flush(request.now);
  const refused = await ports.denials.find(accountId, requestId, request.now);
  if (refused === null) return notFound(request, "Refused request");
  const { keyId, path, method, address } = refused;
  const key = keyId === null ? null : await readKey(ports, request, keyId);
  const now = key && path !== null ? await simulate(ports, request, key, { method, path, address }) : null;
  // Without a key and an account in its path it is nobody's: then it says why, and nothing of who called from where.
  const nobodys = refused.accountId === null;
  return json({
    data: {
      call: {
        request_id: requestId,
        api_key_id: keyId,
        api_key_name: key?.name ?? null,
        method,
        path: nobodys ? null : path,
        address: nobodys ? null : address,
        judged_on: toIsoString(refused.at),
      },
      simulated: false,
      allow: false,
      reason: refused.reason,
      steps: [...openingSteps(refused), ...refused.steps.map(thenStep)],
      freshness: { source: refused.source, age_ms: refused.ageMs, key_version: refused.version },
      now,
    } satisfies ExplanationData,
  });
}

async function readKey(ports: AdminPorts, request: AuthorizedRequest, id: string): Promise<KeyRecord | null> {
  const key = await ports.records.readById(id);
  return key?.accountId === request.principal.accountId ? key : null;
}

type SimulatedRequest = { readonly method: string; readonly path: string; readonly address: string | null };

type Explained = Pick<ExplanationData, "allow" | "reason" | "steps">;

async function simulate(
  ports: AdminPorts,
  request: AuthorizedRequest,
  key: KeyRecord,
  asked: SimulatedRequest,
): Promise<Explained> {
  const target = matchOperation(asked.method, asked.path, "", ports.routes);
  if ("reason" in target) return notServed(target);
  const details = await ports.keys.get(key.accountId, key.id);
  const lists = await ports.allowLists.getMany(key.accountId, details?.allowListIds ?? []);
  const { operation, params, accountId } = target;
  const facts = {
    address: asked.address === null ? null : parseAddress(asked.address),
    accountId,
    operation,
    params,
  };
  const explained = explain(key, facts, request.now, asked, lists);
  const blocked = ports.blockedKeyIds.has(key.id);
  const first = blocked ? "key_denied" : explained.reason;
  return { allow: explained.allow && !blocked, reason: first, steps: stepsOf(explained, blocked) };
}

function stepsOf(explained: Explanation, blocked: boolean): ExplanationData["steps"] {
  const signature = step(
    "signature",
    "not_asked",
    null,
    "A simulation has no key text whose signature could be checked.",
  );
  const glass = blocked
    ? step("break_glass", "refused", "key_denied", "The key is on the list BLOCKED_KEY_IDS of the configuration.")
    : step("break_glass", "passed", null, "The key is not on the list BLOCKED_KEY_IDS of the configuration.");
  return [signature, glass, ...explained.steps].map((each) => ({ ...each, compared: { ...each.compared } }));
}

function notServed(denial: Denial): Explained {
  const message = "The path belongs to Gatehouse, and nothing there answers this method.";
  const steps = [{ ...step("operation", "refused", denial.reason, message), compared: {} }];
  return { allow: false, reason: denial.reason, steps };
}

function step(
  check: ExplainedStep["check"],
  outcome: ExplainedStep["outcome"],
  reason: Reason | null,
  message: string,
): ExplainedStep {
  return { check, outcome, reason, message, compared: {} };
}

/** What came before a key's record was weighed. */
function openingSteps(refused: DeniedRequest): ExplanationData["steps"] {
  const { reason, source } = refused;
  const said = (check: string, outcome: "passed" | "refused" | "not_asked", message: string) => ({
    ...{ check, outcome, message, compared: {} },
    reason: outcome === "refused" ? reason : null,
  });
  if (source === null) {
    return reason === "signature_invalid" || reason === "token_malformed"
      ? [said("signature", "refused", SAID[reason])]
      : [said("call", "refused", "The call was refused before any key was looked for.")];
  }
  const signature = said("signature", "passed", "The key was signed by Gatehouse.");
  if (reason === "key_unknown") return [signature, said("key", "refused", "Nothing is stored for this key.")];
  if (reason === "key_denied")
    return [signature, said("break_glass", "refused", "The key was on the list BLOCKED_KEY_IDS.")];
  return [signature];
}

const SAID = {
  signature_invalid:
    "The key's signature is not by any secret of the ring: mistyped, made up, or the secret is retired.",
  token_malformed: "What was sent does not have the shape of a key: cut off, quoted, or something else.",
} as const;

function thenStep({ check, reason }: DeniedRequest["steps"][number]): ExplanationData["steps"][number] {
  const message = reason === null ? "This did not stand in the way." : "This stood in the way.";
  return { check, outcome: reason === null ? "passed" : "refused", reason, message, compared: {} };
}
