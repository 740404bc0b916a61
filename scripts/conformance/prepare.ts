// Puts in place what a command expects to find, through the door's own operations; everything made can be taken back.
import type { Case } from "./cases.ts";
import type { Door } from "./gatehouse.ts";
import { fillIn, nameFor, type Scope } from "./scope.ts";

const ACCOUNT = "/api/public/v1/accounts/{accountId}";
const KEYS = `${ACCOUNT}/api-keys`;
const LISTS = `${ACCOUNT}/projects/{projectId}/allow-lists`;
const ROLES = `${ACCOUNT}/roles`;

type Item = { readonly spec: { readonly name: string }; readonly info: { readonly id: string } };

/** Makes and removes things in the account of one scope. Throws when the door refuses: a case cannot start without. */
function workshop(gateway: Door, scope: Scope) {
  async function call(method: string, template: string, body?: unknown) {
    const path = fillIn(template, scope) ?? template;
    const response = await fetch(new URL(path, gateway.url), {
      method,
      headers: { authorization: `Bearer ${gateway.adminKey}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`set-up, ${method} ${path}: ${response.status} ${text.slice(0, 160)}`);
    return text === "" ? undefined : JSON.parse(text);
  }
  const list = async (template: string): Promise<Item[]> => (await call("GET", template)).data;
  async function make(template: string, body: unknown, undo: (id: string) => Promise<unknown>): Promise<string> {
    const { data }: { data: Item } = await call("POST", template, body);
    scope.undo.push(() => undo(data.info.id));
    return data.info.id;
  }
  const revoke = (id: string) => call("POST", `${KEYS}/${id}/revoke`);
  return {
    revoke,
    key: (name: string, lists: string[] = []) =>
      make(KEYS, { name, expire_after_hours: 1, description: "", allow_list_info: lists }, revoke),
    async allowList(name: string): Promise<string> {
      const found = (await list(LISTS)).find(({ spec }) => spec.name === name);
      const body = { name, description: "conformance", allow_list: ["152.165.26.42/32"] };
      return found?.info.id ?? make(LISTS, body, (id) => call("DELETE", `${LISTS}/${id}`));
    },
    role: (name: string) =>
      make(
        ROLES,
        { name, permissions: [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "CREATE" }] }] },
        (id) => call("DELETE", `${ROLES}/${id}`),
      ),
  };
}

/** An ACTIVE key among everything it can be mistaken for: a REVOKED one of its name, and two of similar names. */
async function keyInACrowd(make: ReturnType<typeof workshop>, name: string): Promise<void> {
  await make.revoke(await make.key(name));
  await make.key(name);
  await make.key(`${name}0`);
  await make.key(name.toUpperCase());
}

/** What each command finds when it comes. */
export async function prepare({ words, flags }: Case, scope: Scope, gateway: Door): Promise<void> {
  const make = workshop(gateway, scope);
  const spelled = (flag: string) => flags.get(flag)?.values[0];
  const name = nameFor(scope, spelled("name") ?? "...");
  switch (words) {
    case "api-key list":
      // A list that no key is bound to: a filter by key that lets everything through is seen.
      await make.allowList(`${name}-other`);
      await make.key(`${name}-bound`, [await make.allowList(`${name}-list`)]);
      if (flags.has("name")) await keyInACrowd(make, name);
      return;
    case "api-key create":
      await make.allowList(`${name}-other`);
      for (const list of spelled("network-allow-lists")?.split(",") ?? []) await make.allowList(list);
      return;
    case "api-key revoke":
      return keyInACrowd(make, name);
    case "network-allow-list list":
    case "network-allow-list delete":
      await make.allowList(name);
      return;
    case "role list":
    case "role describe":
    case "role update":
    case "role delete":
      await make.role(nameFor(scope, spelled("role-name") ?? "..."));
      return;
  }
}

/** Takes back what a case has made, newest first. What is gone already, or cannot go, stays as it is. */
export async function takeBack(scope: Scope): Promise<void> {
  for (const undo of scope.undo.reverse()) await undo().catch(() => undefined);
}

/** Remembers to take back what a step of the case itself has made. */
export function noteMade(operationId: string, scope: Scope, gateway: Door): void {
  const ways: Record<string, readonly [string, string]> = {
    createApiKey: ["POST", `${KEYS}/{apiKeyId}/revoke`],
    createNetworkAllowList: ["DELETE", `${LISTS}/{allowListId}`],
    createRole: ["DELETE", `${ROLES}/{roleId}`],
  };
  const way = ways[operationId];
  const path = way === undefined ? null : fillIn(way[1], scope);
  if (way === undefined || path === null) return;
  const headers = { authorization: `Bearer ${gateway.adminKey}` };
  scope.undo.push(() => fetch(new URL(path, gateway.url), { method: way[0], headers }));
}
