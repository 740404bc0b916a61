// What the CLI does with the answers of the role operations.
import { type Item, type Many, type One, type Turn, when } from "./turn.ts";

export function roles({ data }: Many, { query, scope, words }: Turn): string[] {
  const name = query.get("display_name");
  const types = query.get("role_types") ?? "ALL";
  const first = data[0];
  if (first !== undefined) scope.ids.set("roleId", first.info.id);
  const stray = { SYSTEM: true, USER_DEFINED: false }[types];
  const empty = data.length === 0 && !(name !== null && types === "SYSTEM");
  return [
    ...when(empty, "no roles, one was there"),
    ...when(
      data.some(({ info }) => info.is_user_defined === stray),
      `role_types=${types} let another kind through`,
    ),
    ...when(
      name !== null && first !== undefined && first.info.display_name !== name,
      "the first hit is taken, and it is not the role that was named",
    ),
    ...when(
      words === "role describe" && first?.info.effective_permissions?.length === 0,
      "include_permissions=true, and the role has no effective permissions",
    ),
  ];
}

export function changedRole({ data }: One, { scope, body }: Turn): string[] {
  scope.ids.set("roleId", data.info.id);
  const sent = new Set(permissionNames((body as Item["spec"]).permissions));
  const echoed = new Set(permissionNames(data.spec.permissions));
  return [
    ...when(data.info.is_user_defined !== true, "a custom role is not is_user_defined"),
    ...when(sent.symmetricDifference(echoed).size > 0, "the role's permissions are not the ones that were sent"),
  ];
}

function permissionNames(permissions: unknown): string[] {
  type Permission = { resource_type: string; operation_groups: { operation_group: string }[] };
  return (permissions as Permission[]).flatMap(({ resource_type: type, operation_groups: groups }) =>
    groups.map(({ operation_group: group }) => `${type}:${group}`),
  );
}
