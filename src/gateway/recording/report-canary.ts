// The use of a canary key: reported behind the denial, whatever the request was denied for.
import { isApiKey, type Principal } from "../../core/access/principal.ts";
import { networkCidrOf } from "../../core/ip/cidr.ts";
import { addressText } from "../../core/ip/ip-address.ts";
import { errorText, redact } from "../../log.ts";
import type { Background } from "../../store/common.ts";
import { resolveKey } from "../authentication/api-key.ts";
import type { Gateway } from "../gateway.ts";
import { countryOf } from "../incoming-request.ts";
import type { RequestContext } from "../request-context.ts";

/** Reports a denied request whose key is a canary. Never throws. */
export function reportCanary(context: RequestContext, gateway: Gateway, background: Background): void {
  const { principal, found, credential } = context;
  const known = found === null ? credential?.cached?.record : principal;
  if (known === undefined && credential !== null && credential.keyHash !== null) {
    // Denied for what it asks, before its key was read: whoever has found a key may try it on any path.
    const read = readKey(context, gateway, background).then((record) => report(record, context, gateway, background));
    background(read.catch((error) => gateway.log.write("fault", { reason: "canary_read", error: errorText(error) })));
  } else if (known) report(known, context, gateway, background);
}

async function readKey(
  { credential }: RequestContext,
  gateway: Gateway,
  background: Background,
): Promise<Principal | null> {
  if (credential === null || credential.keyHash === null) return null;
  const need = { fromPrimary: false, allowUnconfirmed: false };
  const found = await resolveKey(credential.keyHash, credential.text, need, gateway, background);
  return ("result" in found ? await found.result : found).record;
}

function report(key: Principal | null, context: RequestContext, gateway: Gateway, background: Background): void {
  if (key === null || !isApiKey(key) || !key.canary || key.revokedAt !== null) return;
  const address = context.client?.address ?? null;
  const use = {
    ...{ keyId: key.id, accountId: key.accountId, name: key.name, requestId: context.requestId },
    address: address === null ? null : addressText(address),
    network: address === null ? null : networkCidrOf(address, 48),
    country: countryOf(context.request),
    method: context.request.method,
    // The client chose the path: it may hold a secret.
    path: context.path === null ? null : redact(context.path),
    operationId: context.target?.operation?.operationId ?? null,
  };
  background(gateway.canaries().then((canaries) => canaries.report(use, context.now, background)));
}
