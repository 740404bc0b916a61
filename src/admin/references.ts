// Roles and IP allow lists that a request body refers to by id.

import type { AuthorizedRequest } from "../authorized-request.ts";
import type { FieldError } from "../core/error-body.ts";
import type { AllowListDetails } from "../store/allow-lists/port.ts";
import { MAX_ALLOW_LISTS } from "./api-keys/schema.ts";
import type { AdminPorts } from "./ports.ts";

/** A detail for `reference_gone`: a role or list existed when it was resolved, and did not when the change was written. */
export const REFERENCE_GONE = "The role or an IP allow list was deleted in the meantime.";

/** The field error of a `role_id` that no role of the account has. */
export const UNKNOWN_ROLE: FieldError = { field: "role_id", message: "This role does not exist." };

/**
 * The IP allow lists of `allow_list_info`.
 *
 * @param ids lower-case UUIDs; duplicates are dropped
 * @returns the lists in the given order, or the field errors
 */
export async function resolveAllowLists(
  ports: AdminPorts,
  request: AuthorizedRequest,
  ids: readonly string[],
): Promise<{ readonly allowLists: readonly AllowListDetails[] } | { readonly errors: readonly FieldError[] }> {
  const distinct = [...new Set(ids)];
  if (distinct.length > MAX_ALLOW_LISTS) {
    return { errors: [{ field: "allow_list_info", message: `This holds at most ${MAX_ALLOW_LISTS} different ids.` }] };
  }
  const found = await ports.allowLists.getMany(request.principal.accountId, distinct);
  const byId = new Map(found.map((list) => [list.id, list]));
  const errors = [...ids.entries()]
    .filter(([, id]) => !byId.has(id))
    .map(([i]) => ({ field: `allow_list_info[${i}]`, message: "This IP allow list does not exist." }));
  if (errors.length > 0) return { errors };
  return { allowLists: distinct.map((id) => byId.get(id)).filter((list) => list !== undefined) };
}
