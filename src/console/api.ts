// Calls to Gatehouse: the same operations that any client has, with the key that signed in, or with none where a proxy in
// front of the console says who calls. Same origin only.
import { OFFLINE, Problem, problemIn } from "./problem.ts";

export const V1 = "/api/public/v1";
const TIMEOUT_MS = 30_000;
/** A file is as long as the log that it is made of. */
const FILE_TIMEOUT_MS = 600_000;

export interface Api {
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
  /** What the server offers as a file, whole: one that is cut short is a problem and no file. */
  file(path: string): Promise<Blob>;
  send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown, headers?: HeadersInit): Promise<T>;
}

export const PROXY_ASKS = "The proxy in front of Gatehouse asks who you are again.";

/**
 * @param token the key; `null`: the proxy's word is the credential
 * @param onSignedOut is told when it is not good any more
 */
export function createApi(token: string | null, onSignedOut: (problem: Problem) => void): Api {
  async function ask(path: string, init: RequestInit, timeoutMs = TIMEOUT_MS): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    const response = await reach(V1 + path, { ...init, headers }, timeoutMs);
    if (response.ok) return response;
    const redirected = response.type === "opaqueredirect";
    const problem = redirected ? new Problem("signed_out", PROXY_ASKS) : await problemIn(response);
    if (problem.kind === "signed_out") onSignedOut(problem);
    throw problem;
  }
  async function call<T>(path: string, init: RequestInit): Promise<T> {
    const response = await ask(path, init);
    return (response.status === 204 ? null : await response.json()) as T;
  }
  return {
    get: (path, signal) => call(path, signal ? { signal } : {}),
    file: async (path) => (await ask(path, {}, FILE_TIMEOUT_MS)).blob(),
    send: (method, path, body, headers = {}) =>
      body === undefined
        ? call(path, { method, headers })
        : call(path, {
            method,
            headers: { "content-type": "application/json", ...headers },
            body: JSON.stringify(body),
          }),
  };
}

async function reach(path: string, init: RequestInit, timeoutMs = TIMEOUT_MS): Promise<Response> {
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
  try {
    // Gatehouse reads no cookie; a proxy in front of it does, and redirects to its own sign-in without one.
    return await fetch(path, { ...init, signal, credentials: "same-origin", cache: "no-store", redirect: "manual" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Problem("offline", OFFLINE);
  }
}

/** The address from which Gatehouse sees this browser, or `null` when it does not know. */
export async function ownAddress(): Promise<string | null> {
  const response = await reach("/console/address", {});
  return response.ok ? ((await response.json()) as { readonly address: string | null }).address : null;
}
