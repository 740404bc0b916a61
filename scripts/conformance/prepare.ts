// Makes what a command expects to find, through the gateway's own operations; undoes all of it afterwards.
import type { Case } from "./cases.ts";
import type { Gateway } from "./gateway.ts";
import { fillIn, nameFor, type Scope } from "./scope.ts";

const ACCOUNT = "/api/public/v1/accounts/{accountId}";
const KEYS = `${ACCOUNT}/api-keys`;
const LISTS = `${ACCOUNT}/projects/{projectId}/allow-lists`;
const ROLES = `${ACCOUNT}/roles`;

type Item = { readonly spec: { readonly name: string }; readonly info: { readonly id: string } };

/** Makes and removes items in the account of one scope. Each method throws an Error when the gateway denies it. */
function makerFor(gateway: Gateway, scope: Scope) {
  async function send(method: string, template: string, body?: unknown) {
    const path = fillIn(template, scope) ?? template;
    const headers = { authorization: `Bearer ${gateway.adminKey}`, "content-type": "application/json" };
    const init = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
    const response = await fetch(new URL(path, gateway.url), init);
    const text = await response.text();
    if (!response.ok) throw new Error(`set-up, ${method} ${path}: ${response.status} ${text.slice(0, 160)}`);
    return text === "" ? undefined : JSON.parse(text);
  }
  async function make(template: string, body: unknown, undo: (id: string) => Promise<unknown>): Promise<string> {
    const { data }: { data: Item } = await send("POST", template, body);
    scope.undo.push(() => undo(data.info.id));
    return data.info.id;
  }
  const remove = (template: string) => (id: string) => send("DELETE", `${template}/${id}`);
  const revoke = (id: string) => send("POST", `${KEYS}/${id}/revoke`);
  const key = (name: string, lists: string[] = []) =>
    make(KEYS, { name, expire_after_hours: 1, description: "", allow_list_info: lists }, revoke);
  return {
    key,
    async allowList(name: string): Promise<string> {
      const lists: Item[] = (await send("GET", LISTS)).data;
      const body = { name, description: "conformance", allow_list: ["152.165.26.42/32"] };
      return lists.find(({ spec }) => spec.name === name)?.info.id ?? make(LISTS, body, remove(LISTS));
    },
    role(name: string): Promise<string> {
      const permissions = [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "CREATE" }] }];
      return make(ROLES, { name, permissions }, remove(ROLES));
    },
    /** An ACTIVE key among keys that it can be confused with: a REVOKED one of its name, and two of similar names. */
    async similarKeys(name: string): Promise<void> {
      await revoke(await key(name));
      for (const each of [name, `${name}0`, name.toUpperCase()]) await key(each);
    },
  };
}

/** Makes what each command expects to find. */
export async function prepare({ words, flags }: Case, scope: Scope, gateway: Gateway): Promise<void> {
  const make = makerFor(gateway, scope);
  const spelled = (flag: string) => flags.get(flag)?.values[0];
  const name = nameFor(scope, spelled("name") ?? "...");
  switch (words) {
    case "api-key list":
      // A list that no key is bound to: a filter by key that lets everything through is seen.
      await make.allowList(`${name}-other`);
      await make.key(`${name}-bound`, [await make.allowList(`${name}-list`)]);
      if (flags.has("name")) await make.similarKeys(name);
      return;
    case "api-key create":
      await make.allowList(`${name}-other`);
      for (const list of spelled("network-allow-lists")?.split(",") ?? []) await make.allowList(list);
      return;
    case "api-key revoke":
      return make.similarKeys(name);
    case "network-allow-list list":
    case "network-allow-list delete":
      await make.allowList(name);
      return;
  }
  if (/^role (list|describe|update|delete)$/.test(words))
    await make.role(nameFor(scope, spelled("role-name") ?? "..."));
}

/** Undoes what a case has made, newest first. An item that is gone, or cannot be removed, stays as it is. */
export async function undoAll(scope: Scope): Promise<void> {
  for (const undo of scope.undo.reverse()) await undo().catch(() => undefined);
}

const UNDO: Readonly<Record<string, readonly [method: string, template: string]>> = {
  createApiKey: ["POST", `${KEYS}/{apiKeyId}/revoke`],
  createNetworkAllowList: ["DELETE", `${LISTS}/{allowListId}`],
  createRole: ["DELETE", `${ROLES}/{roleId}`],
};

/** Notes how to undo what a step of the case itself has made. */
export function noteMade(operationId: string, scope: Scope, gateway: Gateway): void {
  const [method, template = ""] = UNDO[operationId] ?? [];
  const path = fillIn(template, scope);
  if (method === undefined || path === null) return;
  const headers = { authorization: `Bearer ${gateway.adminKey}` };
  scope.undo.push(() => fetch(new URL(path, gateway.url), { method, headers }));
}
