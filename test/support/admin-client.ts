// A client of the operations that Gatehouse handles, as an operator would use it.
import { ACCOUNT, type Gatehouse, PROJECT } from "./gatehouse.ts";

export const V1 = "/api/public/v1";
export const KEYS_PATH = `${V1}/accounts/${ACCOUNT}/api-keys`;
export const ROLES_PATH = `${V1}/accounts/${ACCOUNT}/roles`;
export const LISTS_PATH = `${V1}/accounts/${ACCOUNT}/projects/${PROJECT}/allow-lists`;

export interface AdminResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads members of any response
  readonly body: any;
}

export type Client = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<AdminResponse>;

/** A client with a key. A body that is not a string is sent as JSON. */
export function clientOf(gatehouse: Gatehouse, token: string | null): Client {
  return async (method, path, body, headers = {}) => {
    const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
    const response = await gatehouse.call(token, path, { method, ...sent, headers: { ...type, ...headers } });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: text === "" ? null : JSON.parse(text) };
  };
}

/** The names of the fields that an error response reports. */
export function fieldErrorsOf(response: AdminResponse): string[] {
  return (response.body.error.faults ?? []).map(({ field }: { field: string }) => field);
}
