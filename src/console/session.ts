// The signed-in user: by an API key, which is kept in this page's memory only and gone after a reload, or by the identity
// that an access proxy provides.
import { createContext, useContext } from "react";
import type { RoleData } from "../admin/roles/schema.ts";
import type { SelfData } from "../admin/self/schema.ts";
import { type Api, createApi, V1 } from "./api.ts";
import { Problem } from "./problem.ts";

export interface Session {
  readonly api: Api;
  readonly accountId: string;
  /** ID of the API key or of the operator. */
  readonly selfId: string;
  readonly name: string;
  /** Whether an access proxy provides the credential. */
  readonly byProxy: boolean;
  readonly roleName: string;
  /** Path of the account's operations. */
  readonly account: string;
  /** Whether the role had this permission at sign-in. It only hides controls: the server authorizes every request. */
  readonly may: (permission: string) => boolean;
}

const SessionContext = createContext<Session | null>(null);
export const SessionProvider = SessionContext.Provider;

/** @throws outside a `SessionProvider` */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("useSession outside a SessionProvider");
  return session;
}

/** The shape of a JWT. Other input is rejected before it is sent. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const NO_KEY = "This is not a Gatehouse API key. Gatehouse keys start with “eyJ”.";

/**
 * @param token an API key; `null`: the access proxy provides the credential
 * @param onSignedOut is called when the session ends, but not when this sign-in fails
 * @throws Problem when the credential is malformed or not accepted
 */
export async function signIn(token: string | null, onSignedOut: (problem: Problem) => void): Promise<Session> {
  if (token !== null && !JWT.test(token)) throw new Problem("invalid", NO_KEY);
  let established = false;
  const api = createApi(token, (problem) => established && onSignedOut(problem));
  const { data } = await api.get<{ data: SelfData }>("/auth/self");
  const granted = new Set(data.permissions);
  established = true;
  return {
    api,
    account: `/accounts/${encodeURIComponent(data.account_id)}`,
    accountId: data.account_id,
    selfId: data.id,
    name: data.name,
    byProxy: token === null,
    roleName: data.role.name,
    may: (permission) => granted.has(permission),
  };
}

export function permissionNames(permissions: RoleData["info"]["effective_permissions"]): readonly string[] {
  return permissions.flatMap(({ resource_type, operation_groups }) =>
    operation_groups.map(({ operation_group }) => `${resource_type}:${operation_group}`),
  );
}

/** A command that calls the API with this key, to paste into a shell. */
export function curlCommand(key: string): string {
  return `curl -sS -H "Authorization: Bearer ${key}" ${location.origin}${V1}/account`;
}
