// Requests to Gatehouse: the operations that every client has, with the API key of the session, or without one where an
// access proxy identifies the user. Same origin only.
import { OFFLINE, Problem, problemIn } from "./problem.ts";

const { managementPrefix, api: apiTitle, keyVariables } = document.documentElement.dataset;

/** The path of the operations of Gatehouse (MANAGEMENT_PREFIX). */
export const MANAGEMENT_PREFIX: string = managementPrefix ?? "/api/public/v1";

/** The name of the API behind the gateway. */
export const API_TITLE: string = apiTitle ?? "the API";

/** The names of the environment variables that its clients read: the gateway's URL, and the key. */
export const KEY_VARIABLES: readonly string[] = (keyVariables ?? "GATEHOUSE_URL GATEHOUSE_API_KEY").split(" ");
const TIMEOUT_MS = 30_000;
/** A download is as long as the audit log. */
const DOWNLOAD_TIMEOUT_MS = 600_000;

export interface Api {
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
  /** Downloads a complete file; an interrupted download throws a problem. */
  download(path: string): Promise<Blob>;
  send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown, headers?: HeadersInit): Promise<T>;
}

export const PROXY_SIGN_IN = "The access proxy in front of Gatehouse requires a new sign-in.";

/**
 * @param token the API key; `null`: the access proxy adds the credential
 * @param accountId the account in which an operator acts where the path names none; `null`: the only one
 * @param onSignedOut is called when the API no longer accepts the credential
 */
export function createApi(
  token: string | null,
  accountId: string | null,
  onSignedOut: (problem: Problem) => void,
): Api {
  async function request(path: string, init: RequestInit, timeoutMs = TIMEOUT_MS): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    if (accountId !== null) headers.set("gatehouse-account", accountId);
    const response = await fetchSameOrigin(MANAGEMENT_PREFIX + path, { ...init, headers }, timeoutMs);
    if (response.ok) return response;
    const redirected = response.type === "opaqueredirect";
    const problem = redirected ? new Problem("signed_out", PROXY_SIGN_IN) : await problemIn(response);
    if (problem.kind === "signed_out") onSignedOut(problem);
    throw problem;
  }
  async function requestJson<T>(path: string, init: RequestInit): Promise<T> {
    const response = await request(path, init);
    return (response.status === 204 ? null : await response.json()) as T;
  }
  return {
    get: (path, signal) => requestJson(path, signal ? { signal } : {}),
    download: async (path) => (await request(path, {}, DOWNLOAD_TIMEOUT_MS)).blob(),
    send: (method, path, body, headers = {}) =>
      body === undefined
        ? requestJson(path, { method, headers })
        : requestJson(path, {
            method,
            headers: { "content-type": "application/json", ...headers },
            body: JSON.stringify(body),
          }),
  };
}

/** @throws Problem when there is no response in time */
export async function fetchSameOrigin(path: string, init: RequestInit, timeoutMs = TIMEOUT_MS): Promise<Response> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
  try {
    // Gatehouse reads no cookie, but an access proxy does: without its cookie it redirects to its sign-in page.
    return await fetch(path, { ...init, signal, credentials: "same-origin", cache: "no-store", redirect: "manual" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Problem("offline", OFFLINE);
  }
}

interface ApiDescription {
  readonly components?: {
    readonly schemas?: Readonly<Record<string, { readonly properties?: Readonly<Record<string, unknown>> }>>;
  };
}

/** Whether the API's OpenAPI document has a member in one of its schemas. */
export async function fetchHasMember(schema: string, member: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetchSameOrigin("/.well-known/gatehouse/openapi.json", { signal });
  if (!response.ok) return false;
  const { components } = (await response.json()) as ApiDescription;
  return components?.schemas?.[schema]?.properties?.[member] !== undefined;
}

/** The client address of this browser as Gatehouse sees it; `null`: unknown. */
export async function fetchOwnAddress(): Promise<string | null> {
  const response = await fetchSameOrigin("/console/address", {});
  return response.ok ? ((await response.json()) as { readonly address: string | null }).address : null;
}
