// The operation that lists how often keys were denied.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { AdminPorts } from "../ports.ts";
import { limitOf, readQuery } from "../query.ts";
import { pageResponse, validationError } from "../responses.ts";
import { toTimeBound } from "../time.ts";
import { RefusalQuery } from "./schema.ts";
import { toDenialCount } from "./view.ts";

/** Lists the denied requests of the account's keys, counted by hour, key and reason. */
export async function listRefusals(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, RefusalQuery);
  if ("errors" in query) return validationError(request, query.errors);
  const page = await ports.denials.counts({
    accountId: request.principal.accountId,
    keyId: query.value.api_key_id ?? null,
    from: toTimeBound(query.value.start_timestamp),
    to: toTimeBound(query.value.end_timestamp),
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  return pageResponse(request, page, query.known, toDenialCount);
}
