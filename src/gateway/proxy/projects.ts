// The projects of an account. Only the upstream has them: it names them in the account that it shows to a principal.
import type { AuthorizedRequest } from "../../authorized-request.ts";
import { OPERATIONS } from "../../core/routing/operations.ts";
import type { Upstream } from "../gateway.ts";
import { toIncomingRequest } from "../incoming-request.ts";
import { startForward } from "./forward.ts";
import type { Identity } from "./identity-token.ts";

/** A change waits for the answer, and is dated before it. */
const ANSWER_WITHIN_MS = 5_000;

const OPERATION = "getCurrentAccount";
const PATH = OPERATIONS.find(({ operationId }) => operationId === OPERATION)?.path ?? "";

/**
 * Asks the upstream for the account of a request's principal, in the principal's name.
 *
 * @returns the ids of its projects in lower case; `null` when the upstream names none, or has no such operation
 * @throws when it does not answer, or fails
 */
export async function fetchProjects(
  { raw, principal, address, requestId, now }: AuthorizedRequest,
  identity: Identity,
  upstream: Upstream,
): Promise<ReadonlySet<string> | null> {
  // The answer is read here, so it must not be coded.
  const headers = { accept: "application/json", "accept-encoding": "identity" };
  const request = toIncomingRequest(new Request(new URL(PATH, raw.url), { headers }));
  const token = await identity.tokenFor(principal, request.method, PATH, now);
  const bounded = { ...upstream, timeoutMs: Math.min(upstream.timeoutMs, ANSWER_WITHIN_MS) };
  const options = { path: PATH, query: "", identity: token, operation: OPERATION, requestId, address };
  const response = await startForward(request, options, bounded).response;
  if ("failure" in response)
    throw new Error(`projects: the upstream is ${response.failure}`, { cause: response.cause });
  if (response.status >= 500) throw new Error(`projects: the upstream has answered ${response.status}`);
  const account = response.status === 200 ? await response.json().catch(() => null) : null;
  return projectsIn(account);
}

interface AccountAnswer {
  readonly data?: { readonly info?: { readonly projects?: readonly { readonly info?: { readonly id?: unknown } }[] } };
}

function projectsIn(account: unknown): ReadonlySet<string> | null {
  const projects = (account as AccountAnswer | null)?.data?.info?.projects;
  if (!Array.isArray(projects)) return null;
  const ids = projects.map((project: unknown) => (project as { info?: { id?: unknown } } | null)?.info?.id);
  const known = ids.filter((id) => typeof id === "string").map((id) => id.toLowerCase());
  return known.length === 0 ? null : new Set(known);
}
