// The permission catalogue: what a role can be given. It is not long, so it is one page.
import { answerList } from "./answers.ts";
import type { AdminCall, AdminPorts } from "./call.ts";
import { viewCatalogue } from "./permission-view.ts";

export async function listResourcePermissions(_ports: AdminPorts, call: AdminCall): Promise<Response> {
  return answerList(call, viewCatalogue(), null, new URLSearchParams());
}
