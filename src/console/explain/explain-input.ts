// The input of an explanation: the ID of a denied request, or a simulated request of a key.
import type { ExplainRequest } from "../../admin/explain/schema.ts";
import { MANAGEMENT_PREFIX } from "../api.ts";

export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export interface ExplainInput {
  readonly kind: "denied" | "simulated";
  readonly requestId: string;
  readonly keyId: string;
  readonly address: string;
  readonly method: (typeof METHODS)[number];
  readonly path: string;
}

/** @param id from the address of the page: a UUID is a key's, any other a request's */
export function initialInput(id: string | null, account: string): ExplainInput {
  const simulated = id !== null && UUID.test(id);
  return {
    kind: simulated ? "simulated" : "denied",
    requestId: simulated || id === null ? "" : id,
    keyId: simulated ? id : "",
    address: "",
    method: "GET",
    path: `${MANAGEMENT_PREFIX}${account}/api-keys`,
  };
}

export function bodyOf({ kind, requestId, keyId, address, method, path }: ExplainInput): ExplainRequest {
  if (kind === "denied") return { request_id: requestId.trim() };
  return { api_key_id: keyId.trim(), address: address.trim() || null, method, path: path.trim() };
}

/** @returns an error for each required field that is empty */
export function missingIn({ kind, requestId, keyId }: ExplainInput): Readonly<Record<string, string>> {
  if (kind === "denied") return requestId.trim() === "" ? { request_id: "Enter the request ID." } : {};
  return keyId.trim() === "" ? { api_key_id: "Enter the ID of a key." } : {};
}
