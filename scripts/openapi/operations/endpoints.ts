// The documentation of the operations on endpoints.
import { EndpointListQuery } from "../../../src/admin/endpoints/schema.ts";
import { body, list, one, tagged, whole } from "../operation-doc.ts";

const ENDPOINT_EXAMPLE = { name: "siem", url: "https://siem.example.com/gatehouse", event_types: ["api_key.*"] };

const WITH_SECRET = "The endpoint, and its secret, which is never shown again.";

export const ENDPOINT_OPERATIONS = tagged("Endpoints", {
  listEndpoints: {
    summary: "List endpoints",
    query: EndpointListQuery,
    response: list("EndpointData", "A page of endpoints, oldest first."),
  },
  createEndpoint: {
    summary: "Create an endpoint",
    description:
      "Audit events are sent to its URL: https, to a public host, without a user name; as Standard Webhooks, or in the format of Slack, CEF or OCSF. Its creator can read audit events, does not expire and is not restricted to addresses.",
    body: body("EndpointSpec", ENDPOINT_EXAMPLE),
    response: whole("EndpointWithSecret", WITH_SECRET),
    errors: [409],
  },
  getEndpoint: { summary: "Show an endpoint", response: one("EndpointData", "The endpoint.") },
  updateEndpoint: {
    summary: "Change an endpoint",
    description: "What is left out stays as it is. `enabled` stops and continues the deliveries; none is lost.",
    body: body("EndpointChange", { enabled: false }),
    response: one("EndpointData", "The endpoint."),
  },
  deleteEndpoint: {
    summary: "Delete an endpoint",
    description: "What it has not been sent yet, it is never sent.",
    response: null,
  },
  rotateEndpointSecret: {
    summary: "Rotate the secret of an endpoint",
    description:
      "Until the overlap ends, deliveries are signed with both secrets. A rotation during an overlap ends the oldest one at once.",
    body: { schema: "SecretRotation", required: false, example: { overlap_hours: 24 } },
    response: whole("EndpointWithSecret", WITH_SECRET),
  },
  listDeliveries: {
    summary: "List the deliveries of an endpoint",
    description: "The newest event first. Deliveries that are over are shown for thirty days.",
    query: EndpointListQuery,
    response: list("DeliveryData", "A page of deliveries."),
  },
  redeliverEvents: {
    summary: "Send events again",
    description:
      "By their ids, or all since a time that the endpoint's filter lets pass: a thousand at most, the oldest first. A delivery that is made again has the same `webhook-id`.",
    body: body("RedeliverBody", { since: "2026-11-23T12:00:00Z" }),
    response: one("RedeliveredData", "How many."),
    conditional: false,
    errors: [409],
  },
  testEndpoint: {
    summary: "Send a test event",
    description:
      "At once and once, signed as every delivery is. Nothing of what the receiver answers is shown but its status.",
    response: one("TestedData", "What became of it."),
    conditional: false,
  },
});
