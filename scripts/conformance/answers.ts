// What the CLI does with each answer before it goes on: checks of its own, and values for later requests.
import { keys, lists, newKey } from "./key-answers.ts";
import { changedRole, roles } from "./role-answers.ts";
import { type Cluster, type Item, type Many, type One, type Turn, when } from "./turn.ts";

function account({ data }: One, { scope }: Turn): string[] {
  const projects = data.info.projects ?? [];
  scope.ids.set("accountId", data.info.id);
  if (projects[0] !== undefined) scope.ids.set("projectId", projects[0].info.id);
  return when(projects.length !== 1, `${projects.length} projects, the CLI wants exactly one`);
}

function clusters({ data }: Many, { scope }: Turn): string[] {
  const first = data[0];
  if (first === undefined) return [];
  scope.ids.set("clusterId", first.info.id);
  const regions = (first as unknown as Cluster).spec.cluster_region_info;
  const vpcs = regions.flatMap(({ placement_info: { vpc_id: id } }) => (id ? [id] : []));
  if (vpcs.length > 0) scope.ids.set("vpcIds", vpcs.join(","));
  return [];
}

/** Takes from an answer what later requests need; returns what the CLI would trip over. */
export function takeFrom(operationId: string, answer: unknown, turn: Turn): readonly string[] {
  switch (operationId) {
    case "getCurrentAccount":
      return account(answer as One, turn);
    case "listApiKeys":
      return keys(answer as Many, turn);
    case "createApiKey":
      return newKey(answer as One, turn);
    case "listNetworkAllowLists":
      return lists(answer as Many, turn);
    case "createNetworkAllowList":
      turn.scope.ids.set("allowListId", (answer as One).data.info.id);
      return when((answer as One).data.spec.name !== (turn.body as Item["spec"]).name, "another name came back");
    case "listRbacRoles":
      return roles(answer as Many, turn);
    case "getRole":
      return when((answer as One).data.info.id !== turn.scope.ids.get("roleId"), "another role came back");
    case "createRole":
    case "updateRole":
      return changedRole(answer as One, turn);
    case "listResourcePermissions":
      return when((answer as Many).data.length === 0, "no permissions at all");
    case "listClusters":
      return clusters(answer as Many, turn);
    default:
      return [];
  }
}
