// Sends the deliveries of one endpoint that were read together, signed as Standard Webhooks says.
import type { SigningKey } from "../../core/audit/checkpoint.ts";
import { checkMac } from "../../core/audit/event-mac.ts";
import type { EndpointFormat, Payload } from "../../core/events/payload.ts";
import { nextTryAt } from "../../core/events/retry.ts";
import { signatureOf } from "../../core/events/signature.ts";
import type { AuditRecord } from "../audit/port.ts";
import type { Clock } from "../lib/timeouts.ts";
import { storeConfigOf } from "../store-config.ts";
import { inLanes } from "./lanes.ts";
import type { Claim, DueDelivery, Outcome } from "./outbox.ts";
import type { EndpointDetails } from "./port.ts";
import type { Send } from "./transport.ts";

export interface BatchParts {
  readonly db: D1Database;
  readonly send: Send;
  readonly clock: Clock;
  /** The key that signs `v1a`. */
  readonly signer: SigningKey;
  readonly format: (format: EndpointFormat, event: AuditRecord) => Payload;
}

/** Of one endpoint; the platform opens six connections at once. */
const SENDS_AT_ONCE = 2;
/** Failures without a success between them, after which a run leaves the endpoint. */
export const MAX_FAILURES = 3;
/** When an event of a secret that this isolate does not have yet is looked at again. */
const SECOND_TRY_MS = 6_000;

export interface Batch {
  readonly outcomes: readonly Outcome[];
  /** At the end, without a success between them. */
  readonly failures: number;
  /** The receiver says that it is not there any more. */
  readonly gone: boolean;
}

/** Sends deliveries that were read together, those of one resource one after the other. */
export async function sendBatch(
  parts: BatchParts,
  endpoint: EndpointDetails,
  claim: Claim,
  due: readonly DueDelivery[],
  deadline: number,
): Promise<Batch> {
  const { clock } = parts;
  const outcomes: Outcome[] = [];
  let [failures, gone] = [0, false];
  const resources = [...Map.groupBy(due, (delivery) => delivery.resource_id).values()];
  await inLanes(resources, SENDS_AT_ONCE, async (own) => {
    for (const delivery of own) {
      if (gone || failures >= MAX_FAILURES || clock.now() >= deadline) return 0;
      const held = authenticity(parts, delivery);
      if (held !== null) {
        outcomes.push(held);
        // An event that nobody may be sent stands in no other's way.
        if (held.nextAt === null) continue;
        return 0;
      }
      const payload = parts.format(endpoint.format, recordOf(delivery));
      const headers = await headersOf(endpoint, delivery.id, payload, parts.signer, clock.now());
      const result = await parts.send(endpoint.url, payload, headers);
      const at = clock.now();
      const tries = delivery.tries + 1;
      const after = result.ok ? { nextAt: null, deliveredAt: at } : { nextAt: nextTryAt(tries, at), deliveredAt: null };
      outcomes.push({
        number: delivery.delivery_number,
        tries,
        at,
        ...after,
        status: result.status,
        error: result.error,
      });
      failures = result.ok ? 0 : failures + 1;
      claim.failingSince = result.ok ? null : (claim.failingSince ?? at);
      gone ||= result.status === 410;
      if (!result.ok) return 0;
    }
    return 0;
  });
  return { outcomes, failures, gone };
}

/** An isolate with an earlier KEY_RING leaves the events of a newer secret to others for so long. */
const DEPLOYMENT_MS = 600_000;

/** What becomes of an event that Gatehouse has not written, or may not have; `null`: it has. Who can write to D1 gets nothing signed. */
function authenticity({ db, clock }: BatchParts, { delivery_number: number, ...event }: DueDelivery): Outcome | null {
  const code = checkMac(storeConfigOf(db).ring, event);
  if (code === "good") return null;
  const at = clock.now();
  const isNew = code === "unknown_key" && Math.abs(at - event.created_at) < DEPLOYMENT_MS;
  const nextAt = isNew ? at + SECOND_TRY_MS : null;
  return { number, tries: event.tries, nextAt, deliveredAt: null, at, status: null, error: "not_authentic" };
}

/** The headers of Standard Webhooks. */
export async function headersOf(
  { secret, previous }: Pick<EndpointDetails, "secret" | "previous">,
  id: string,
  { body }: Payload,
  signer: SigningKey,
  now: number,
): Promise<Readonly<Record<string, string>>> {
  const timestamp = Math.floor(now / 1_000);
  const secrets = previous === null || previous.until <= now ? [secret] : [secret, previous.secret];
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": await signatureOf({ id, timestamp, body }, secrets, signer),
  };
}

function recordOf(row: DueDelivery): AuditRecord {
  const actor = { type: row.actor_type as AuditRecord["actor"]["type"], id: row.actor_id, name: row.actor_name };
  return {
    ...{ seq: row.seq, number: row.number, id: row.id, accountId: row.account_id, accountName: row.account_name },
    ...{ eventType: row.event_type, resourceType: row.resource_type, resourceId: row.resource_id },
    ...{ resourceName: row.resource_name, message: row.message, createdAt: row.created_at, hash: null },
    actor: { ...actor, address: row.address, requestId: row.request_id },
    detail: JSON.parse(row.detail) as Record<string, unknown>,
  };
}
