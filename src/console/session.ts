// Who is signed in: a key that lives in this page's memory and nowhere else. Gone with a reload.
import { createContext, useContext } from "react";
import type { ApiKeyData, RoleData } from "../admin/contract.ts";
import { type Api, createApi, V1 } from "./api.ts";
import { Problem } from "./problem.ts";

export interface Session {
  readonly api: Api;
  readonly accountId: string;
  readonly keyId: string;
  readonly keyName: string;
  readonly roleName: string;
  /** Path of the account's operations. */
  readonly account: string;
  /** Whether the key's role covers this, as far as it is known: the server has the last word. */
  readonly may: (permission: string) => boolean;
}

const SessionContext = createContext<Session | null>(null);
export const SessionProvider = SessionContext.Provider;

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("nobody is signed in");
  return session;
}

interface Claims {
  readonly jti: string;
  readonly acc: string;
}

/** The ids in a key; nothing in it is believed but by the server. */
export function claimsOf(token: string): Claims | null {
  try {
    const [, payload = "", ...rest] = token.split(".");
    const json = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const { jti, acc } = JSON.parse(json) as Partial<Claims>;
    return rest.length === 1 && typeof jti === "string" && typeof acc === "string" ? { jti, acc } : null;
  } catch {
    return null;
  }
}

/**
 * Sign in with a key.
 *
 * @throws Problem when it is none, or may not be used
 */
export async function signIn(token: string, onSignedOut: (problem: Problem) => void): Promise<Session> {
  const claims = claimsOf(token);
  if (claims === null) throw new Problem("invalid", "This is not an API key of Gatehouse: those start with “eyJ”.");
  // Until it is known to be good, a refusal is the answer to this form and no end of a session.
  let live = false;
  const api = createApi(
    () => token,
    (problem) => live && onSignedOut(problem),
  );
  const account = `/accounts/${encodeURIComponent(claims.acc)}`;
  const { data } = await api.get<{ data: ApiKeyData }>(`${account}/api-keys/${encodeURIComponent(claims.jti)}`);
  const granted = await permissionsOf(api, `${account}/roles/${data.spec.role_id}`);
  live = true;
  return {
    api,
    account,
    accountId: claims.acc,
    keyId: data.info.id,
    keyName: data.spec.name,
    roleName: data.info.role.info.display_name,
    may: (permission) => granted?.has(permission) ?? true,
  };
}

/** `null`: the key may not read roles, so that nothing is known of its own. */
async function permissionsOf(api: Api, path: string): Promise<ReadonlySet<string> | null> {
  try {
    const { data } = await api.get<{ data: RoleData }>(path);
    return new Set(permissionNames(data.info.effective_permissions));
  } catch (error) {
    if (error instanceof Problem && (error.kind === "forbidden" || error.kind === "missing")) return null;
    throw error;
  }
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
