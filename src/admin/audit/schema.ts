// The wire contract of the audit log. An event has the shape of Aeon's ancestor, with more members.
import * as z from "zod/mini";
import {
  address,
  id,
  nameFilter,
  nullableText,
  order,
  orderBy,
  paging,
  requestId,
  timeFilter,
  timestamp,
} from "../fields.ts";

export const EVENT_TYPES = ["CREATE", "EDIT", "DELETE", "REVOKE", "EXPIRE", "EXPIRING", "LEAK", "CANARY"] as const;
export const RESOURCE_TYPES = ["API_KEY", "ALLOW_LIST", "ROLE", "OPERATOR", "ENDPOINT"] as const;

const filters = {
  search: z.optional(nameFilter),
  event_type: z.optional(z.array(z.enum(EVENT_TYPES, `This must be one of ${EVENT_TYPES.join(", ")}.`))),
  resource_type: z.optional(z.array(z.enum(RESOURCE_TYPES, `This must be one of ${RESOURCE_TYPES.join(", ")}.`))),
  actor_id: z.optional(id),
  request_id: z.optional(requestId),
  address: z.optional(address),
  start_timestamp: z.optional(timeFilter),
  end_timestamp: z.optional(timeFilter),
  order,
  order_by: orderBy("created_on"),
};

export const AuditQuery = z.object({ ...filters, ...paging });

/** An export has no pages. */
export const AuditExportQuery = z.object(filters);

export const AuditEventData = z.object({
  audit_event_id: id,
  account_id: id,
  account_name: z.string(),
  project_id: nullableText,
  project_name: z.null(),
  cluster_id: z.null(),
  cluster_name: z.null(),
  user_id: nullableText,
  user_email: nullableText,
  impersonating_user_email: z.null(),
  task_id: z.null(),
  entity_name: z.string(),
  message: z.string(),
  /** Always true: a change that fails has no event. */
  is_successful: z.boolean(),
  resource_type: z.string(),
  event_type: z.string(),
  created_on: timestamp,
  /** The event type and the resource type in words: "Create API Key". */
  event_name: z.string(),
  entity_id: z.string(),
  actor: z.object({ type: z.enum(["API_KEY", "OPERATOR", "SYSTEM"]), id: nullableText, name: z.string() }),
  address: nullableText,
  request_id: nullableText,
  detail: z.record(z.string(), z.unknown()),
  /** The position in the account's log, from 1. */
  sequence: z.int(),
  /** `null` until the event is sealed, which takes a minute at most. */
  hash: nullableText,
});

export const AuditHeadData = z.object({
  /** The `sequence` of the last event that is signed. */
  sequence: z.int(),
  /** The day of the signature, in UTC. */
  day: z.string(),
  /** A JWS (RFC 7515) of one of the keys at `/.well-known/gatehouse/jwks.json`. */
  jws: z.string(),
});

export type AuditHeadData = z.infer<typeof AuditHeadData>;
export type AuditQuery = z.infer<typeof AuditQuery>;
export type AuditEventData = z.infer<typeof AuditEventData>;
