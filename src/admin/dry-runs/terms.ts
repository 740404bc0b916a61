// The terms of a dry run: the role and IP allow lists that they name, and the access that the key would have with them.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfChange } from "../../core/access/privilege-escalation.ts";
import type { FieldError } from "../../core/error-body.ts";
import { breadthWarnings } from "../../core/ip/breadth.ts";
import { compileRules } from "../../core/ip/cidr.ts";
import type { AllowListDetails } from "../../store/allow-lists/port.ts";
import type { ApiKeyDetails } from "../../store/api-keys/port.ts";
import type { DryRunTerms } from "../../store/dry-runs/port.ts";
import type { RoleDetails } from "../../store/roles/port.ts";
import type { AdminPorts } from "../ports.ts";
import { resolveAllowLists, UNKNOWN_ROLE } from "../references.ts";
import { grantOf } from "../roles/grant.ts";

/** The terms with their references resolved; `null`: this stays as the key has it. */
export interface ResolvedTerms {
  readonly role: RoleDetails | null;
  readonly allowLists: readonly AllowListDetails[] | null;
  /** The expiry that the key would have; left out: its own. */
  readonly expiresAt?: number | null;
}

/** Resolves the ids of the terms, or reports those that do not exist. */
export async function resolveTerms(
  ports: AdminPorts,
  request: AuthorizedRequest,
  { roleId, allowListIds }: DryRunTerms,
): Promise<ResolvedTerms | { readonly errors: readonly FieldError[] }> {
  const [role, lists] = await Promise.all([
    roleId === null ? null : ports.roles.get(request.principal.accountId, roleId),
    allowListIds === null ? { allowLists: null } : resolveAllowLists(ports, request, allowListIds),
  ]);
  const roleErrors = roleId !== null && role === null ? [UNKNOWN_ROLE] : [];
  if ("errors" in lists) return { errors: [...roleErrors, ...lists.errors] };
  return roleErrors.length > 0 ? { errors: roleErrors } : { role, allowLists: lists.allowLists };
}

/** Warns of allow lists that together restrict next to nothing. */
export function warningsOfTerms({ allowLists }: ResolvedTerms): readonly FieldError[] {
  const rules = allowLists?.flatMap((list) => list.rules) ?? [];
  return breadthWarnings(compileRules(rules), "allow_list_info");
}

/** Where the key, before or after a promotion of these terms, has more access than the principal. */
export async function escalationsOfTerms(
  ports: AdminPorts,
  request: AuthorizedRequest,
  key: ApiKeyDetails,
  { role, allowLists, expiresAt = key.expiresAt }: ResolvedTerms,
): Promise<readonly FieldError[]> {
  const lists = allowLists ?? (await ports.allowLists.getMany(key.accountId, key.allowListIds));
  const restricted = (allowLists ?? key.allowListIds).length > 0;
  return escalationsOfChange(request.principal, grantOf(key.role), {
    grant: grantOf(role ?? key.role),
    expiresAt,
    addresses: restricted ? compileRules(lists.flatMap((list) => list.rules)) : null,
  });
}
