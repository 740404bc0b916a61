// Wires what sends events to endpoints: behind changes, by schedule, and as a test.
import { toAuditEvent } from "../admin/audit/view.ts";
import type { Config } from "../config/config.ts";
import { payloadOf } from "../core/events/payload.ts";
import { errorText, type Log } from "../log.ts";
import type { AuditRecord } from "../store/audit/port.ts";
import type { EndpointDetails, SendResult } from "../store/endpoints/port.ts";
import { headersOf } from "../store/endpoints/send-batch.ts";
import { createSender, type Sender, type SenderParts } from "../store/endpoints/sender.ts";
import { createTransport } from "../store/endpoints/transport.ts";
import type { Clock } from "../store/lib/timeouts.ts";

function partsOf(config: Config, clock: Clock, log: Log): SenderParts {
  const { db, identityKeys, endpoints } = config;
  const signer = identityKeys.at(-1);
  if (signer === undefined) throw new Error("no identity key");
  const send = createTransport({ fetch: (url, init) => fetch(url, init), clock, ...endpoints });
  return {
    ...{ db, send, clock, signer },
    format: (format, event) => payloadOf(format, event, toAuditEvent(event)),
    onError: (id, error) => log.write("fault", { reason: "endpoint", resource_id: id, error: errorText(error) }),
  };
}

/** The sender of one isolate. */
export function createEventSender(config: Config, clock: Clock, log: Log): Sender {
  return createSender(partsOf(config, clock, log));
}

/** Sends an event that is in no audit log to an endpoint, now and once, signed as all others are. */
export function createTestSender(config: Config, clock: Clock, log: Log) {
  const { send, signer, format } = partsOf(config, clock, log);
  return async (endpoint: EndpointDetails, now: number): Promise<SendResult> => {
    const { accountId, id: resourceId, name: resourceName } = endpoint;
    const event: AuditRecord = {
      ...{ seq: 0, number: 0, id: crypto.randomUUID(), accountId, accountName: "" },
      ...{ eventType: "TEST", resourceType: "ENDPOINT", resourceId, resourceName },
      actor: { type: "SYSTEM", id: null, name: "gatehouse", address: null, requestId: null },
      ...{ message: `A test of endpoint ${resourceName}`, detail: {}, createdAt: now, hash: null },
    };
    const payload = format(endpoint.format, event);
    return send(endpoint.url, payload, await headersOf(endpoint, event.id, payload, signer, now));
  };
}
