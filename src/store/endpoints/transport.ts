// Sends one delivery. What a host's name stands for is asked of a resolver right before: the platform does not tell which address it
// connects to, so that a name which changes in between is not noticed.
import { addressOfHost, isInwardAddress, isLoopbackUrl } from "../../core/events/endpoint-url.ts";
import type { Payload } from "../../core/events/payload.ts";
import type { Clock } from "../lib/timeouts.ts";
import type { SendResult } from "./port.ts";

/** From the connection to the status of the response; also for the resolver. */
export const SEND_TIMEOUT_MS = 10_000;

export interface TransportParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
  /** DNS over HTTPS, with JSON responses; `null`: names are not looked up. */
  readonly resolverUrl: string | null;
  readonly allowLoopback: boolean;
}

/** Sends a payload with its headers. Never rejects. */
export type Send = (url: string, payload: Payload, headers: Readonly<Record<string, string>>) => Promise<SendResult>;

export function createTransport({ fetch, clock, resolverUrl, allowLoopback }: TransportParts): Send {
  async function withLimit(url: string, init: RequestInit): Promise<Response> {
    const controller = new AbortController();
    const cancel = clock.after(SEND_TIMEOUT_MS, () => controller.abort());
    try {
      // A redirect would lead past the checks of the URL.
      return await fetch(url, { ...init, redirect: "manual", signal: controller.signal });
    } catch (error) {
      throw controller.signal.aborted ? TIMEOUT : error;
    } finally {
      cancel();
    }
  }

  /** Why nothing is sent to a host; `null`: all of its addresses are public. */
  async function reject(url: URL): Promise<SendResult["error"]> {
    if (isLoopbackUrl(url)) return allowLoopback ? null : "inward_address";
    const address = addressOfHost(url.hostname);
    if (address !== null) return isInwardAddress(address) ? "inward_address" : null;
    if (resolverUrl === null) return null;
    const found = await Promise.all(["A", "AAAA"].map((type) => lookUp(resolverUrl, url.hostname, type)));
    if (found.flat().length === 0) return "unresolved";
    return found.flat().some(isInwardAddress) ? "inward_address" : null;
  }

  async function lookUp(resolver: string, name: string, type: string): Promise<readonly string[]> {
    const query = new URL(resolver);
    query.searchParams.set("name", name);
    query.searchParams.set("type", type);
    const response = await withLimit(query.href, { headers: { accept: "application/dns-json" } });
    if (response.status !== 200) throw new Error("the resolver did not answer");
    const { Answer = [] } = (await response.json()) as { Answer?: readonly { type: number; data: string }[] };
    // RFC 1035 and RFC 3596: the other records of an answer are aliases.
    return Answer.filter((record) => record.type === 1 || record.type === 28).map(({ data }) => data);
  }

  return async (url, { contentType, body }, headers) => {
    try {
      const rejected = await reject(new URL(url)).catch(() => "unresolved" as const);
      if (rejected !== null) return { ok: false, status: null, error: rejected };
      const response = await withLimit(url, {
        method: "POST",
        headers: { "content-type": contentType, "user-agent": "Gatehouse-Events/1", ...headers },
        body,
      });
      const { status } = response;
      // Only the status counts. Nothing of a body is read, stored or shown.
      await response.body?.cancel().catch(() => undefined);
      if (status >= 200 && status < 300) return { ok: true, status, error: null };
      return { ok: false, status, error: status >= 300 && status < 400 ? "redirect" : "status" };
    } catch (error) {
      return { ok: false, status: null, error: error === TIMEOUT ? "timeout" : "unreachable" };
    }
  };
}

const TIMEOUT = new Error("the endpoint did not answer in time");
