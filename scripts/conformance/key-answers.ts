// What the CLI does with the answers of the key and allow-list operations.
import { jwtFaults } from "./jwt.ts";
import type { ListedKey } from "./scope.ts";
import { type Item, type Many, type One, type Turn, when } from "./turn.ts";

const listed = ({ info, spec }: Item): ListedKey => ({ id: info.id, allowListIds: spec.allow_list_info ?? [] });

export function keys({ data }: Many, { words, query, scope }: Turn): string[] {
  const name = query.get("api_key_name");
  const status = query.get("status");
  scope.keys = data.map(listed);
  const first = data[0];
  if (first !== undefined) scope.ids.set("apiKeyId", first.info.id);
  const revokes = words === "api-key revoke";
  return [
    ...when(name !== null && data.some(({ spec }) => spec.name !== name), "api_key_name let another name through"),
    ...when(status !== null && data.some(({ info }) => info.status !== status), `a key that is not ${status}`),
    ...when(first === undefined && status !== "EXPIRED", "no keys, one was made"),
    ...when(revokes && first?.info.status !== "ACTIVE", "data[0] is what gets revoked, and it is not ACTIVE"),
  ];
}

export function newKey({ data, jwt = "" }: One, { scope }: Turn): string[] {
  scope.keys = [listed(data)];
  scope.ids.set("apiKeyId", data.info.id);
  return [...when(data.info.status !== "ACTIVE", "a new key is not ACTIVE"), ...jwtFaults(jwt, Date.now() / 1000)];
}

/** With `api_key_ids` the CLI turns the ids of one key's lists into names; without, it looks for a name by itself. */
export function lists({ data }: Many, { query, scope, flags, listName }: Turn): string[] {
  const key = scope.keys.find(({ id }) => id === query.get("api_key_ids"));
  if (key !== undefined) {
    const answered = new Set(data.map(({ info }) => info.id));
    return [
      ...when(
        key.allowListIds.some((id) => !answered.has(id)),
        "a list of the key is missing: its name prints empty",
      ),
      ...when(answered.size > new Set(key.allowListIds).size, "api_key_ids let lists of other keys through"),
    ];
  }
  const spelled = flags.get("name")?.values[0];
  const wanted = listName ?? (spelled === undefined ? undefined : (scope.names.get(spelled) ?? spelled));
  const found = data.find(({ spec }) => spec.name === wanted);
  if (found !== undefined) {
    scope.ids.set("allowListId", found.info.id);
    scope.chosenLists.push(found.info.id);
  }
  return when(found === undefined, `no list ${wanted}`);
}
