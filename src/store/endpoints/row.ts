// Rows of `endpoints`, with what is encrypted in them.
import type { EndpointFormat } from "../../core/events/payload.ts";
import type { KeyRing } from "../../core/token/api-key-token.ts";
import { open, seal } from "../../core/token/sealed.ts";
import type { DisabledReason, EndpointDetails, EndpointSecrets } from "./port.ts";

/** The beginning of every query for endpoints; the endpoint is `w`. */
export const SELECT_ENDPOINTS = `SELECT w.id, w.account_id, w.name, w.origin, w.format, w.event_types, w.sealed, w.version,
  w.created_at, w.updated_at, w.created_by_name, w.disabled_at, w.disabled_reason FROM endpoints w`;

export interface EndpointRow {
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  readonly origin: string;
  readonly format: EndpointFormat;
  readonly event_types: string;
  readonly sealed: string;
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly created_by_name: string;
  readonly disabled_at: number | null;
  readonly disabled_reason: DisabledReason | null;
}

const contextOf = (id: string): string => `endpoint ${id}`;

/** Encrypts the URL and the secrets of an endpoint. */
export function sealSecrets(ring: KeyRing, id: string, { url, secret, previous }: EndpointSecrets): Promise<string> {
  return seal(ring, contextOf(id), JSON.stringify({ url, secret, previous }));
}

/**
 * An endpoint with its secrets.
 *
 * @throws Error when they cannot be decrypted, or the URL is another than the row says
 */
export async function endpointOfRow(ring: KeyRing, row: EndpointRow): Promise<EndpointDetails> {
  const secrets = JSON.parse(await open(ring, contextOf(row.id), row.sealed)) as EndpointSecrets;
  if (new URL(secrets.url).origin !== row.origin) throw new Error("an endpoint's URL is not of its origin");
  return {
    ...secrets,
    id: row.id,
    accountId: row.account_id,
    version: row.version,
    name: row.name,
    format: row.format,
    eventTypes: JSON.parse(row.event_types) as readonly string[],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdByName: row.created_by_name,
    disabled:
      row.disabled_at === null || row.disabled_reason === null
        ? null
        : { at: row.disabled_at, reason: row.disabled_reason },
  };
}
