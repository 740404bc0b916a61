// The documentation of the operations on roles, permissions and the requesting principal.
import { RoleListQuery } from "../../../src/admin/roles/schema.ts";
import { ForceQuery } from "../../../src/admin/schema.ts";
import { body, list, one, tagged } from "../operation-doc.ts";

const ROLE_EXAMPLE = {
  name: "Backups",
  description: "Makes and deletes backups",
  permissions: [
    { resource_type: "BACKUP", operation_groups: [{ operation_group: "CREATE" }, { operation_group: "DELETE" }] },
  ],
};

export const ROLE_OPERATIONS = tagged("Roles", {
  listResourcePermissions: {
    summary: "List all permissions",
    response: list("PermissionData", "The whole permission catalog."),
  },
  getSelf: {
    summary: "Show the requesting API key or operator",
    description:
      "The API key or the operator that sends the request, with its permissions. An operator of several accounts names one in " +
      "`Gatehouse-Account`; without it the response is 409 `account_required`, with the `accounts` (id and name) to choose from.",
    response: one("SelfData", "The requesting API key or operator."),
  },
  listRbacRoles: {
    summary: "List roles",
    description: "A filter by name is not case-sensitive: the exact match first, then names that contain it.",
    query: RoleListQuery,
    response: list("RoleData", "A page of roles, built-in ones first."),
  },
  createRole: {
    summary: "Create a role",
    body: body("RoleSpec", ROLE_EXAMPLE),
    response: one("RoleData", "The role."),
    errors: [409],
  },
  getRole: { summary: "Show a role", response: one("RoleData", "The role with its permissions.") },
  updateRole: {
    summary: "Replace a role",
    description:
      "Every key that has the role gets the new permissions. The requesting key must have both the old and the new permissions.",
    query: ForceQuery,
    body: body("RoleSpec", ROLE_EXAMPLE),
    response: one("RoleData", "The role."),
    errors: [409],
  },
  deleteRole: {
    summary: "Delete a role",
    description: "A role that an active key, its dry run or an active operator has cannot be deleted.",
    response: null,
    errors: [409],
  },
});
