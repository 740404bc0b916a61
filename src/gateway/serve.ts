// Serves an operation of Gatehouse itself. A change is made only on what it was authorized on: when that has changed before the
// commit, the request is authorized again, and denied or served anew.
import { type AuthorizedRequest, BODY_TIMEOUT_MS, type BodyFailure, MAX_BODY_BYTES } from "../authorized-request.ts";
import type { Principal } from "../core/access/principal.ts";
import { addressText } from "../core/ip/ip-address.ts";
import type { Target } from "../core/routing/match-operation.ts";
import type { Operation } from "../core/routing/operations.ts";
import { AuthorizationSuperseded } from "../store/audit/port.ts";
import type { Background } from "../store/common.ts";
import type { Gateway } from "./gateway.ts";
import { reauthorize, STALE_AFTER_MS, timeBetween } from "./proxy/reauthorize.ts";
import type { RequestContext } from "./request-context.ts";
import { deny } from "./responses/denial.ts";

/** Changes of one resource that are made at the same time supersede each other, one in each round. */
const MAX_ATTEMPTS = 8;

/**
 * Serve an allowed request for an operation of our own.
 *
 * @returns the operation's response, or the denial of a request that is not allowed any more when its change is made
 * @throws when storage is unavailable, or the request was superseded in every attempt; nothing has changed then
 */
export async function serve(
  context: RequestContext,
  target: Target,
  principal: Principal,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const { request, client, requestId } = context;
  const startedAt = gateway.now();
  const body = await readBody(request.raw, MAX_BODY_BYTES);
  const served = {
    ...{ raw: request.raw, path: target.path, query: target.query, operation: target.operation as Operation },
    ...{ body, address: client && addressText(client.address), requestId, background },
    log: {
      set(fields) {
        context.logFields = { ...context.logFields, ...fields };
      },
    },
  } satisfies Partial<AuthorizedRequest>;
  let authorized: Principal | null = timeBetween(gateway.now(), startedAt) > STALE_AFTER_MS ? null : principal;
  for (let attempt = 1; ; attempt++) {
    if (authorized === null) {
      const decision = await reauthorize(context, target, gateway, background);
      if (!decision.allow) return deny(context, decision.denial, gateway);
      authorized = decision.principal;
      context.principal = authorized;
    }
    try {
      // The time after the body: a request that has waited for it is not dated back.
      return await gateway.handleAdmin({ ...served, principal: authorized, now: gateway.now() });
    } catch (error) {
      if (!(error instanceof AuthorizationSuperseded) || attempt === MAX_ATTEMPTS) throw error;
      authorized = null;
    }
  }
}

/** The whole body, bounded in size and time. Received bytes are counted, because Content-Length can be wrong. */
export async function readBody({ body }: Request, maxBytes: number): Promise<Uint8Array | BodyFailure> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const timeout = new Promise<"timeout">((resolve) => {
    timer = setTimeout(() => resolve("timeout"), BODY_TIMEOUT_MS);
  });
  try {
    const read = await Promise.race([readAll(reader, maxBytes), timeout]);
    // What still comes is dropped.
    if (typeof read === "string") reader.cancel().catch(() => undefined);
    return read;
  } catch {
    return "incomplete";
  } finally {
    clearTimeout(timer);
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array | BodyFailure> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > maxBytes) return "too_large";
    parts.push(value);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}
