// The two requests of the first-start page. Same origin only; what they carry is kept nowhere.
import { fetchSameOrigin } from "../api.ts";
import { problemIn } from "../problem.ts";

const SETUP = "/console/setup";

export interface SetupState {
  readonly state: "values_missing" | "tables_missing" | "account_missing" | "account_exists";
  /** The values that the Worker lacks. */
  readonly missing: readonly string[];
}

/** @throws Problem when the state cannot be known */
export async function fetchState(): Promise<SetupState> {
  const response = await fetchSameOrigin(`${SETUP}/state`, {});
  // The page does not exist any more.
  if (response.status === 404) return { state: "account_exists", missing: [] };
  if (!response.ok) throw await problemIn(response);
  return (await response.json()) as SetupState;
}

/**
 * @param keyRing the value of KEY_RING: only the deployment's owner has it
 * @returns the Admin key, which is shown this once
 * @throws Problem when no account was made
 */
export async function createFirstAccount(accountName: string, keyRing: string): Promise<string> {
  const response = await fetchSameOrigin(SETUP, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ account_name: accountName, key_ring: keyRing }),
  });
  if (!response.ok) throw await problemIn(response);
  return ((await response.json()) as { readonly jwt: string }).jwt;
}
