// The signed-in user: by an API key, which is kept in this page's memory only and gone after a reload, or by the identity
// that an access proxy provides.
import { createContext, useContext } from "react";
import type { RoleData } from "../admin/roles/schema.ts";
import type { SelfData } from "../admin/self/schema.ts";
import { type Api, createApi, MANAGEMENT_PREFIX } from "./api.ts";
import { Problem } from "./problem.ts";

export interface Session {
  readonly api: Api;
  readonly accountId: string;
  /** The accounts that an operator may switch to, with this one; empty for an API key. */
  readonly accounts: SelfData["accounts"];
  /** ID of the API key or of the operator. */
  readonly selfId: string;
  readonly isOperator: boolean;
  readonly name: string;
  /** Whether an access proxy provides the credential. */
  readonly byProxy: boolean;
  readonly roleName: string;
  /** Signs in with the same credential, in another account. */
  readonly enter: (accountId: string) => Promise<Session>;
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
 * @param token an API key or an operator's token; `null`: the access proxy provides the credential
 * @param accountId the account of an operator; `null`: the only one
 * @param onSignedOut is called when the session ends, but not when this sign-in fails
 * @throws Problem when the credential is malformed or not accepted, or the operator has to choose an account
 */
export async function signIn(
  token: string | null,
  accountId: string | null,
  onSignedOut: (session: Session, problem: Problem) => void,
): Promise<Session> {
  if (token !== null && !JWT.test(token)) throw new Problem("invalid", NO_KEY);
  let session: Session | null = null;
  const api = createApi(token, accountId, (problem) => session && onSignedOut(session, problem));
  const { data } = await api.get<{ data: SelfData }>("/auth/self");
  const granted = new Set(data.permissions);
  session = {
    api,
    accounts: data.accounts,
    enter: (id) => signIn(token, id, onSignedOut),
    account: `/accounts/${encodeURIComponent(data.account_id)}`,
    accountId: data.account_id,
    selfId: data.id,
    isOperator: data.type === "OPERATOR",
    name: data.name,
    byProxy: token === null,
    roleName: data.role.name,
    may: (permission) => granted.has(permission),
  };
  return session;
}

export function permissionNames(permissions: RoleData["info"]["effective_permissions"]): readonly string[] {
  return permissions.flatMap(({ resource_type, operation_groups }) =>
    operation_groups.map(({ operation_group }) => `${resource_type}:${operation_group}`),
  );
}

/** A command that calls the API with this key, to paste into a shell. */
export function curlCommand(key: string): string {
  return `curl -sS -H "Authorization: Bearer ${key}" ${location.origin}${MANAGEMENT_PREFIX}/auth/self`;
}
