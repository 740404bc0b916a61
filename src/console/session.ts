// Who is signed in: with a key that lives in this page's memory and nowhere else, gone with a reload; or as whom a proxy
// in front of the console says.
import { createContext, useContext } from "react";
import type { RoleData } from "../admin/roles/schema.ts";
import type { SelfData } from "../admin/self/schema.ts";
import { type Api, createApi, V1 } from "./api.ts";
import { Problem } from "./problem.ts";

export interface Session {
  readonly api: Api;
  readonly accountId: string;
  /** The id of the key, or of the operator. */
  readonly selfId: string;
  readonly name: string;
  /** Whether a proxy in front of the console says who it is. */
  readonly byProxy: boolean;
  readonly roleName: string;
  /** Path of the account's operations. */
  readonly account: string;
  /** Whether the role covered this at the sign-in: the server has the last word. */
  readonly may: (permission: string) => boolean;
}

const SessionContext = createContext<Session | null>(null);
export const SessionProvider = SessionContext.Provider;

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("nobody is signed in");
  return session;
}

/** What a key looks like before anybody is asked about it. */
const SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const NO_KEY = "This is not an API key of Gatehouse: those start with “eyJ”.";

/**
 * Sign in.
 *
 * @param token a key; `null`: as whom a proxy in front of the console says
 * @throws Problem when nobody is signed in by that
 */
export async function signIn(token: string | null, onSignedOut: (problem: Problem) => void): Promise<Session> {
  if (token !== null && !SHAPE.test(token)) throw new Problem("invalid", NO_KEY);
  // Until it is known to be good, a refusal is the answer to this call and no end of a session.
  let live = false;
  const api = createApi(token, (problem) => live && onSignedOut(problem));
  const { data } = await api.get<{ data: SelfData }>("/auth/self");
  const granted = new Set(data.permissions);
  live = true;
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

/** What a caller outside the console sends, as a command to paste. */
export function curlCommand(key: string): string {
  return `curl -sS -H "Authorization: Bearer ${key}" ${location.origin}${V1}/account`;
}
