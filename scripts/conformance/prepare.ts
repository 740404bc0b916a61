// Makes what a command expects to find, through the gateway's own operations. It stays: the names of every run are new.
import { type Client, KEYS_PATH, LISTS_PATH, ROLES_PATH } from "../../test/support/admin-client.ts";
import type { Case } from "./cases.ts";
import { nameFor, type Scope } from "./scope.ts";

/** Makes what each command expects to find. @throws Error when the gateway denies it */
export async function prepare({ words, flags }: Case, scope: Scope, send: Client): Promise<void> {
  async function make(path: string, spec: object): Promise<string> {
    const { status, body, text } = await send("POST", path, spec);
    if (status >= 300) throw new Error(`set-up, POST ${path}: ${status} ${text.slice(0, 160)}`);
    return body.data.info.id;
  }
  const makeKey = (name: string, lists: readonly string[] = [], canary = false) =>
    make(KEYS_PATH, { name, expire_after_hours: 1, description: "", allow_list_info: lists, canary });
  async function makeList(name: string): Promise<string> {
    const lists: { spec: { name: string }; info: { id: string } }[] = (await send("GET", LISTS_PATH)).body.data;
    const spec = { name, description: "conformance", allow_list: ["152.165.26.42/32"] };
    return lists.find((list) => list.spec.name === name)?.info.id ?? make(LISTS_PATH, spec);
  }
  /**
   * An ACTIVE key among keys that it can be confused with: a REVOKED one and a canary of its name, a disabled one, a rotated one with
   * its successor, and two of similar names.
   */
  async function makeSimilarKeys(name: string): Promise<void> {
    await makeKey(name, [], true);
    await send("POST", `${KEYS_PATH}/${await makeKey(name)}/revoke`);
    await send("POST", `${KEYS_PATH}/${await makeKey(`${name}-disabled`)}/disable`);
    await send("POST", `${KEYS_PATH}/${await makeKey(`${name}-rotated`)}/rotate`, { overlap_hours: 1 });
    for (const each of [name, `${name}0`, name.toUpperCase()]) await makeKey(each);
  }

  const spelled = (flag: string) => flags.get(flag)?.values[0];
  const name = nameFor(scope, spelled("name") ?? "...");
  switch (words) {
    case "api-key list":
      // A list that no key is bound to: a filter by key that lets everything through is seen.
      await makeList(`${name}-other`);
      await makeKey(`${name}-bound`, [await makeList(`${name}-list`)]);
      return makeSimilarKeys(name);
    case "api-key create":
      await makeList(`${name}-other`);
      for (const list of spelled("network-allow-lists")?.split(",") ?? []) await makeList(list);
      return;
    case "api-key revoke":
      return makeSimilarKeys(name);
    case "network-allow-list list":
    case "network-allow-list delete":
      await makeList(name);
      return;
  }
  if (/^role (list|describe|update|delete)$/.test(words)) {
    const permissions = [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "CREATE" }] }];
    await make(ROLES_PATH, { name: nameFor(scope, spelled("role-name") ?? "..."), permissions });
  }
}
