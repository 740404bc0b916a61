// The projects of an account. Only the upstream has them: it names them in the account that it shows to a principal.
import { api } from "#api";
import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { Upstream } from "../gateway.ts";
import { toIncomingRequest } from "../incoming-request.ts";
import { startForward } from "./forward.ts";
import type { Identity } from "./identity-token.ts";

/** A change waits for the answer, and is dated before it. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * Asks the upstream for the account of a request's principal, in the principal's name.
 *
 * @returns the ids of its projects in lower case; `null` when the API has no such operation, or its answer names none
 * @throws when it does not answer, or fails
 */
export async function fetchProjects(
  { raw, principal, address, requestId, now }: AuthorizedRequest,
  identity: Identity,
  upstream: Upstream,
): Promise<ReadonlySet<string> | null> {
  const operation = api.operations.find(({ operationId }) => operationId === api.projects?.operationId);
  if (api.projects === null || operation === undefined) return null;
  const { path, operationId } = operation;
  // The answer is read here, so it must not be coded.
  const headers = { accept: "application/json", "accept-encoding": "identity" };
  const request = toIncomingRequest(new Request(new URL(path, raw.url), { headers }));
  const token = await identity.tokenFor(principal, request.method, path, now);
  const bounded = { ...upstream, timeoutMs: Math.min(upstream.timeoutMs, ANSWER_WITHIN_MS) };
  const options = { path, query: "", identity: token, operation: operationId, requestId, address };
  const response = await startForward(request, options, bounded).response;
  if ("failure" in response)
    throw new Error(`projects: the upstream is ${response.failure}`, { cause: response.cause });
  if (response.status >= 500) throw new Error(`projects: the upstream has answered ${response.status}`);
  const account = response.status === 200 ? await response.json().catch(() => null) : null;
  const ids = api.projects.idsIn(account) ?? [];
  return ids.length === 0 ? null : new Set(ids.map((id) => id.toLowerCase()));
}
