// What a key is given by reference, be it live or on trial: its IP allow lists, found or found fault with.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { FieldError } from "../../core/error-body.ts";
import type { AllowListDetails } from "../../store/allow-lists/port.ts";
import type { AdminPorts } from "../ports.ts";

const MAX_LISTS = 10;

/** The lists with these ids, each of them once and in the given order. */
export async function findLists(
  ports: AdminPorts,
  request: AuthorizedRequest,
  given: readonly string[],
): Promise<{ readonly lists: readonly AllowListDetails[] } | { readonly faults: readonly FieldError[] }> {
  const ids = [...new Set(given)];
  if (ids.length > MAX_LISTS) {
    return { faults: [{ field: "allow_list_info", message: `This holds at most ${MAX_LISTS} different ids.` }] };
  }
  const found = await ports.allowLists.getMany(request.principal.accountId, ids);
  const known = new Map(found.map((list) => [list.id, list]));
  const errors = [...given.entries()]
    .filter(([, id]) => !known.has(id))
    .map(([i]) => ({ field: `allow_list_info[${i}]`, message: "There is no such IP allow list." }));
  if (errors.length > 0) return { faults: errors };
  return { lists: ids.map((id) => known.get(id)).filter((list) => list !== undefined) };
}
