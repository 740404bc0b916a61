// The definition of a custom role in a request body, and the errors that creating and replacing a role share.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { Permission } from "../../core/access/permissions.ts";
import { isReservedRoleName, readPermission } from "../../core/access/roles.ts";
import type { FieldError } from "../../core/error-body.ts";
import type { RoleDefinition } from "../../store/roles/port.ts";
import { readBody } from "../body.ts";
import { conflict } from "../responses.ts";
import { RoleSpec } from "./schema.ts";

/** A detail for `name_taken`. */
export const ROLE_NAME_TAKEN = "There is a role with this name already. Case does not distinguish names.";

/** Another detail for `name_taken`. */
const NAME_RESERVED = "There is a built-in role with this name, or with one that is read alike.";

/** A detail for `built_in_role`. */
export const ROLE_IS_BUILT_IN = "Built-in roles cannot be changed or deleted.";

/**
 * Reads a role from the body.
 *
 * @param queryErrors field errors of the query, reported together with those of the body
 * @returns the role, or the error response
 */
export function readRoleDefinition(
  request: AuthorizedRequest,
  queryErrors: readonly FieldError[] = [],
): RoleDefinition | Response {
  const body = readBody(request, RoleSpec, { otherErrors: queryErrors });
  if (body instanceof Response) return body;
  const { name, description, permissions } = body.value;
  if (isReservedRoleName(name)) return conflict(request, "name_taken", NAME_RESERVED);
  return { displayName: name, description: description ?? "", permissions: flattenPermissions(permissions) };
}

/** The permissions without duplicates. The schema has rejected those that the catalog does not have. */
function flattenPermissions(resources: RoleSpec["permissions"]): readonly Permission[] {
  const all = resources.flatMap(({ resource_type, operation_groups }) =>
    operation_groups.map((group) => readPermission(resource_type, group.operation_group)),
  );
  return [...new Set(all.filter((permission) => permission !== null))];
}
