// An audit event as the wire has it.
import type { AuditHead, AuditRecord } from "../../store/audit/port.ts";
import { toIsoString } from "../time.ts";
import type { AuditEventData, AuditHeadData } from "./schema.ts";

const EVENT_TYPE_NAMES: Readonly<Record<string, string>> = {
  CREATE: "Create",
  EDIT: "Edit",
  DELETE: "Delete",
  REVOKE: "Revoke",
  EXPIRE: "Expire",
  EXPIRING: "Expiring",
  LEAK: "Leaked",
  CANARY: "Used Canary",
};
const RESOURCE_TYPE_NAMES: Readonly<Record<string, string>> = {
  API_KEY: "API Key",
  ALLOW_LIST: "Allow List",
  ROLE: "Role",
  OPERATOR: "Operator",
  ENDPOINT: "Endpoint",
};

/** One audit event. */
export function toAuditEvent(event: AuditRecord): AuditEventData {
  const { actor, detail } = event;
  const byOperator = actor.type === "OPERATOR";
  return {
    audit_event_id: event.id,
    account_id: event.accountId,
    account_name: event.accountName,
    project_id: typeof detail.project_id === "string" ? detail.project_id : null,
    project_name: null,
    cluster_id: null,
    cluster_name: null,
    user_id: byOperator ? actor.id : null,
    user_email: byOperator ? actor.name : null,
    impersonating_user_email: null,
    task_id: null,
    entity_name: event.resourceName,
    message: event.message,
    is_successful: true,
    resource_type: event.resourceType,
    event_type: event.eventType,
    created_on: toIsoString(event.createdAt),
    event_name: eventName(event),
    entity_id: event.resourceId,
    actor: { type: actor.type, id: actor.id, name: actor.name },
    address: actor.address,
    request_id: actor.requestId,
    detail: { ...detail },
    // Before migration 0006 there was one count for all accounts.
    sequence: event.number ?? event.seq,
    hash: event.hash,
  };
}

/** The signed end of an account's log. */
export function toAuditHead({ number, day, jws }: AuditHead): AuditHeadData {
  return { sequence: number, day, jws };
}

function eventName({ eventType, resourceType }: AuditRecord): string {
  return `${EVENT_TYPE_NAMES[eventType] ?? eventType} ${RESOURCE_TYPE_NAMES[resourceType] ?? resourceType}`;
}
