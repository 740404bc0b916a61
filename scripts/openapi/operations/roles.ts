// The documentation of the operations on roles, permissions and the requesting principal.
import { RoleListQuery } from "../../../src/admin/roles/schema.ts";
import { ForceQuery } from "../../../src/admin/schema.ts";
import { CHANGE_ERRORS, CREATE_ERRORS, type OperationDocs } from "../operation-doc.ts";

const ROLE_EXAMPLE = {
  name: "Backups",
  description: "Makes and deletes backups",
  permissions: [
    { resource_type: "BACKUP", operation_groups: [{ operation_group: "CREATE" }, { operation_group: "DELETE" }] },
  ],
};

export const ROLE_OPERATIONS = {
  listResourcePermissions: {
    tag: "Roles",
    summary: "List all permissions",
    response: { schema: "PermissionData", as: "list", description: "The whole permission catalog." },
  },
  getSelf: {
    tag: "Roles",
    summary: "Show the requesting API key or operator",
    description: "The API key or the operator that sends the request, with its permissions.",
    response: { schema: "SelfData", as: "one", description: "The requesting API key or operator." },
  },
  listRbacRoles: {
    tag: "Roles",
    summary: "List roles",
    description: "A filter by name is not case-sensitive: the exact match first, then names that contain it.",
    query: RoleListQuery,
    response: { schema: "RoleData", as: "list", description: "A page of roles, built-in ones first." },
    errors: [400],
  },
  createRole: {
    tag: "Roles",
    summary: "Create a role",
    body: { schema: "RoleSpec", required: true, example: ROLE_EXAMPLE },
    response: { schema: "RoleData", as: "one", description: "The role." },
    errors: CREATE_ERRORS,
  },
  getRole: {
    tag: "Roles",
    summary: "Show a role",
    response: { schema: "RoleData", as: "one", description: "The role with its permissions." },
    errors: [404],
  },
  updateRole: {
    tag: "Roles",
    summary: "Replace a role",
    description:
      "Every key that has the role gets the new permissions. The requesting key must have both the old and the new permissions.",
    query: ForceQuery,
    body: { schema: "RoleSpec", required: true, example: ROLE_EXAMPLE },
    response: { schema: "RoleData", as: "one", description: "The role." },
    errors: CHANGE_ERRORS,
  },
  deleteRole: {
    tag: "Roles",
    summary: "Delete a role",
    description: "A role that an active key, its dry run or an operator has cannot be deleted.",
    response: null,
    errors: [404, 409],
  },
} satisfies OperationDocs;
