// The operation that shows the principal of the request. An operator who signs in through a proxy has no credential to
// read it from.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { AdminPorts } from "../ports.ts";
import { json } from "../responses.ts";
import { toSelf } from "./view.ts";

/** Shows the API key or the operator that sends the request, with its permissions. */
export async function getSelf(_ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  return json({ data: toSelf(request.principal) });
}
