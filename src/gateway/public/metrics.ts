// The metrics of the deployment, for a scraper with METRICS_TOKEN. Loaded with the first request for them.
import { CONTENT_TYPES, chooseFormat, exposition } from "../../core/metrics/exposition.ts";
import { constantTimeEqual, hashToken } from "../../core/token/api-key-token.ts";
import { readBearerToken } from "../authentication/bearer-token.ts";
import type { Gateway, Metrics } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { deny, serviceUnavailable } from "../responses/denial.ts";

/** The characters of a bearer token (RFC 6750 section 2.1). Others cannot be hashed: they can have more than one octet. */
const TOKEN = /^[\w.~+/-]+=*$/;

/**
 * Serve the metrics, with what this isolate has counted until now.
 *
 * @returns 503 when D1 cannot be read: the scraper then knows nothing, instead of something old
 */
export async function serveMetrics(gateway: Gateway, context: RequestContext, metrics: Metrics): Promise<Response> {
  const { headers } = context.request;
  const token = readBearerToken(headers.get("authorization"));
  if (typeof token !== "string") return deny(context, token, gateway);
  // Hashes have one length: the time that the comparison takes says nothing about the token.
  const isValid = TOKEN.test(token) && constantTimeEqual(hashToken(token), hashToken(metrics.token));
  if (!isValid) return deny(context, { reason: "token_malformed" }, gateway);
  try {
    await metrics.write(gateway.now());
    const { totals, gauges } = await (await metrics.reader()).read(gateway.now());
    const format = chooseFormat(headers.get("accept"));
    return new Response(exposition(format, totals, gauges), {
      headers: { "content-type": CONTENT_TYPES[format], "cache-control": "no-store", vary: "Accept" },
    });
  } catch (error) {
    context.error = error;
    const detail = "The metrics cannot be read: storage is unavailable.";
    return serviceUnavailable("storage_unavailable", detail, context.requestId);
  }
}
