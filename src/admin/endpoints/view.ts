// An endpoint as the wire has it.
import type { Principal } from "../../core/access/principal.ts";
import { hasPermission } from "../../core/access/roles.ts";
import type { DeliveryDetails, EndpointDetails } from "../../store/endpoints/port.ts";
import { etagOf } from "../preconditions.ts";
import { toIsoString } from "../time.ts";
import type { DeliveryData, EndpointData } from "./schema.ts";

/**
 * An endpoint as one principal sees it.
 *
 * @param now milliseconds since the epoch
 */
export function toEndpoint(endpoint: EndpointDetails, { role }: Principal, now: number): EndpointData {
  const { url, disabled, previous } = endpoint;
  const seesAll = hasPermission(role.grant, "AUDIT_EVENT:UPDATE");
  return {
    spec: {
      name: endpoint.name,
      url: seesAll ? url : new URL(url).origin,
      format: endpoint.format,
      event_types: [...endpoint.eventTypes],
      enabled: disabled === null,
    },
    info: {
      id: endpoint.id,
      account_id: endpoint.accountId,
      status: disabled === null ? "ACTIVE" : "DISABLED",
      disabled_reason: disabled?.reason ?? null,
      disabled_on: disabled && toIsoString(disabled.at),
      previous_secret_until: previous === null || previous.until <= now ? null : toIsoString(previous.until),
      created_by: endpoint.createdByName,
      metadata: { created_on: toIsoString(endpoint.createdAt), updated_on: toIsoString(endpoint.updatedAt) },
      etag: etagOf(endpoint),
    },
  };
}

/** One delivery of an endpoint. */
export function toDelivery(delivery: DeliveryDetails): DeliveryData {
  const time = (at: number | null) => (at === null ? null : toIsoString(at));
  return {
    event_id: delivery.eventId,
    event_type: delivery.type,
    entity_id: delivery.resourceId,
    sequence: delivery.number,
    state: delivery.state,
    tries: delivery.tries,
    next_try_on: time(delivery.nextAt),
    last_try_on: time(delivery.lastAt),
    last_status: delivery.lastStatus,
    last_error: delivery.lastError,
  };
}
