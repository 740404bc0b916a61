// Calls to the operations that Gatehouse answers, as an operator's client makes them.
import { ACCOUNT, type Gatehouse, PROJECT } from "./gatehouse.ts";

export const V1 = "/api/public/v1";
export const KEYS_PATH = `${V1}/accounts/${ACCOUNT}/api-keys`;
export const ROLES_PATH = `${V1}/accounts/${ACCOUNT}/roles`;
export const LISTS_PATH = `${V1}/accounts/${ACCOUNT}/projects/${PROJECT}/allow-lists`;

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever has come
  readonly body: any;
}

export type Client = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answered>;

/** A client with a key. A body that is no text is sent as JSON. */
export function clientOf(gatehouse: Gatehouse, token: string): Client {
  return async (method, path, body, headers = {}) => {
    const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
    const answer = await gatehouse.call(token, path, { method, ...sent, headers: { ...type, ...headers } });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, body: text === "" ? null : JSON.parse(text) };
  };
}

/** The fields that an answer finds fault with. */
export function faultsIn(answered: Answered): string[] {
  return (answered.body.error.faults ?? []).map((fault: { field: string }) => fault.field);
}
