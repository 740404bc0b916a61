// Endpoints: where an account's audit events are sent. When one of these throws, the operation answers 503 and nothing has changed.
import type { EndpointFormat } from "../../core/events/payload.ts";
import type { Actor, PageOrError } from "../common.ts";

/** Why an endpoint is sent nothing. */
export type DisabledReason = "by_request" | "gone" | "failing";

/** What is encrypted of an endpoint. */
export interface EndpointSecrets {
  readonly url: string;
  /** Of Standard Webhooks: `whsec_` and base64. */
  readonly secret: string;
  /** The secret before the last rotation, and until when it signs too. */
  readonly previous: { readonly secret: string; readonly until: number } | null;
}

export interface EndpointDetails extends EndpointSecrets {
  readonly id: string;
  readonly accountId: string;
  readonly version: number;
  readonly name: string;
  readonly format: EndpointFormat;
  /** Empty: all events. */
  readonly eventTypes: readonly string[];
  /** Times are in milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly createdByName: string;
  readonly disabled: { readonly at: number; readonly reason: DisabledReason } | null;
}

/** What a change of an endpoint sets. */
export type EndpointSpec = Pick<EndpointDetails, "name" | "url" | "format" | "eventTypes">;

export interface NewEndpoint extends EndpointSpec {
  readonly id: string;
  readonly accountId: string;
}

export interface EndpointRepository {
  /** Creates an endpoint with a new secret, which is sent all later events and that of its own creation. */
  create(endpoint: NewEndpoint, actor: Actor, now: number): Promise<EndpointDetails | "quota_exceeded">;
  get(accountId: string, id: string): Promise<EndpointDetails | null>;
  /** Reads one page of the account's endpoints, the oldest first. */
  list(query: EndpointQuery): Promise<PageOrError<EndpointDetails>>;
  /** Replaces what an endpoint is, and disables or enables it. */
  update(
    endpoint: EndpointDetails,
    spec: EndpointSpec & { readonly enabled: boolean },
    actor: Actor,
    now: number,
  ): Promise<EndpointDetails | "not_found">;
  /** Replaces the secret; the one before signs too for so long. */
  rotate(
    endpoint: EndpointDetails,
    overlapMs: number,
    actor: Actor,
    now: number,
  ): Promise<EndpointDetails | "not_found">;
  /** Soft-deletes an endpoint with its secrets. */
  delete(endpoint: EndpointDetails, actor: Actor, now: number): Promise<"deleted" | "not_found">;
}

export interface EndpointQuery {
  readonly accountId: string;
  readonly limit: number;
  readonly continuationToken: string | null;
}

export interface DeliveryDetails {
  /** The event's position in the account's log. */
  readonly number: number;
  readonly eventId: string;
  readonly type: string;
  readonly resourceId: string;
  readonly state: "PENDING" | "DELIVERED" | "FAILED";
  readonly tries: number;
  readonly nextAt: number | null;
  readonly lastAt: number | null;
  readonly lastStatus: number | null;
  /** One word; never what the receiver has answered. */
  readonly lastError: string | null;
}

export interface DeliveryQuery extends EndpointQuery {
  readonly endpointId: string;
}

/** Events by their ids, or all since a time in milliseconds since the epoch. */
export type Redelivery = { readonly eventIds: readonly string[] } | { readonly since: number };

export interface DeliveryRepository {
  /** Reads one page of an endpoint's deliveries, the newest event first. */
  list(query: DeliveryQuery): Promise<PageOrError<DeliveryDetails>>;
  /** Makes deliveries again, those of the oldest events first. @returns how many, at most a thousand */
  redeliver(endpoint: EndpointDetails, which: Redelivery, now: number): Promise<number>;
  /** Deletes old ones that are over; returns how many. */
  prune(now: number): Promise<number>;
}

/** What happened to a try. `status` is `null` without a response. */
export interface SendResult {
  readonly ok: boolean;
  readonly status: number | null;
  /** Why it is not delivered, in one word. */
  readonly error: "status" | "redirect" | "timeout" | "unreachable" | "inward_address" | "unresolved" | null;
}
