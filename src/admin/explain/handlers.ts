// The operation that explains a denied request by its request id, or simulates a request. It changes nothing and counts
// nothing.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { KeyRecord } from "../../core/access/principal.ts";
import { canonicalPath } from "../../core/routing/canonical-path.ts";
import { readBody } from "../body.ts";
import type { AdminPorts } from "../ports.ts";
import { json, notFound, validationError } from "../responses.ts";
import { toIsoString } from "../time.ts";
import { ExplainRequest, type ExplanationData } from "./schema.ts";
import { decideSimulated } from "./simulate.ts";
import { toSteps } from "./view.ts";

/** Explains why a request was denied, or how a simulated request would be decided. */
export async function explainRefusal(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const body = readBody(request, ExplainRequest);
  if (body instanceof Response) return body;
  const { request_id } = body.value;
  return request_id === undefined
    ? explainSimulation(ports, request, body.value)
    : explainDenied(ports, request, request_id);
}

async function explainSimulation(
  ports: AdminPorts,
  request: AuthorizedRequest,
  { api_key_id, method, path: given, address = null }: ExplainRequest,
): Promise<Response> {
  if (api_key_id === undefined || method === undefined || given === undefined) {
    throw new Error("the schema accepted an incomplete simulation");
  }
  const path = canonicalPath(`https://gateway${given}`);
  if (path === null) {
    return validationError(request, [{ field: "path", message: "The path is not in canonical form." }]);
  }
  const key = await findKeyRecord(ports, request, api_key_id);
  if (key === null) return notFound(request, "API key");
  const simulated = { method, path, address };
  const data: ExplanationData = {
    call: {
      request_id: null,
      api_key_id,
      api_key_name: key.name,
      ...simulated,
      judged_on: toIsoString(request.now),
    },
    simulated: true,
    ...(await decideSimulated(ports, key, simulated, request.now)),
    freshness: { source: "d1", age_ms: 0, key_version: key.version },
    now: null,
  };
  return json({ data });
}

async function explainDenied(ports: AdminPorts, request: AuthorizedRequest, requestId: string): Promise<Response> {
  await ports.denialRecorder.flush(request.now);
  const denied = await ports.denials.find(request.principal.accountId, requestId, request.now);
  if (denied === null) return notFound(request, "Denied request");
  const { keyId, path, method, address } = denied;
  const key = keyId === null ? null : await findKeyRecord(ports, request, keyId);
  const now = key && path !== null ? await decideSimulated(ports, key, { method, path, address }, request.now) : null;
  // No account owns a request without a key and without an account in its path, so only its reason is shown to everybody.
  const unowned = denied.accountId === null;
  const data: ExplanationData = {
    call: {
      request_id: requestId,
      api_key_id: keyId,
      api_key_name: key?.name ?? null,
      method,
      path: unowned ? null : path,
      address: unowned ? null : address,
      judged_on: toIsoString(denied.at),
    },
    simulated: false,
    allow: false,
    reason: denied.reason,
    steps: [...toSteps(denied)],
    freshness: { source: denied.source, age_ms: denied.ageMs, key_version: denied.version },
    now,
  };
  return json({ data });
}

/** The record of a key of the principal's account; `null`: the account has no such key. */
async function findKeyRecord(ports: AdminPorts, request: AuthorizedRequest, id: string): Promise<KeyRecord | null> {
  const key = await ports.keyRecords.readById(id);
  return key?.accountId === request.principal.accountId ? key : null;
}
