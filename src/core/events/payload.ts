// What is sent of an audit event, in the format of the endpoint.
import type { DeliveredEvent } from "./delivered-event.ts";
import { eventTypeOf } from "./event-filter.ts";
import { cefOf } from "./formats/cef.ts";
import { ocsfOf } from "./formats/ocsf.ts";
import { slackOf } from "./formats/slack.ts";

/** How the events of an endpoint are written. */
export const ENDPOINT_FORMATS = ["standard", "slack", "cef", "ocsf"] as const;
export type EndpointFormat = (typeof ENDPOINT_FORMATS)[number];

/** A body, and its media type. */
export interface Payload {
  readonly contentType: string;
  readonly body: string;
}

/**
 * The body of a delivery: the same in every try, so that it depends on the event alone.
 *
 * @param data the event as the operations on the audit log show it
 */
export function payloadOf(
  format: EndpointFormat,
  event: DeliveredEvent,
  data: Readonly<Record<string, unknown>>,
): Payload {
  switch (format) {
    case "standard":
      return json(standardOf(event, data));
    case "slack":
      return json(slackOf(event));
    case "cef":
      return { contentType: "text/plain; charset=utf-8", body: cefOf(event) };
    case "ocsf":
      return json(ocsfOf(event));
  }
}

/** Standard Webhooks. The hash is left out: it is not there from the start. */
function standardOf(event: DeliveredEvent, { hash: _hash, ...data }: Readonly<Record<string, unknown>>) {
  return { type: eventTypeOf(event), timestamp: new Date(event.createdAt).toISOString(), data };
}

function json(body: unknown): Payload {
  return { contentType: "application/json", body: JSON.stringify(body) };
}
