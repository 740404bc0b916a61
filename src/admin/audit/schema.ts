// The wire contract of the audit log and of explanations. The shape of an event is that of Aeon's ancestor, with more.
import * as z from "zod/mini";
import { id, nameFilter, order, paging, timestamp } from "../fields.ts";

const text = z.string();
const nullableText = z.nullable(z.string());
const EVENT_TYPES = ["CREATE", "EDIT", "DELETE", "REVOKE", "EXPIRE"] as const;
const RESOURCE_TYPES = ["API_KEY", "ALLOW_LIST", "ROLE", "OPERATOR"] as const;

const TIME_TEXT = "This must be an instant in ISO 8601 with its offset, such as 2026-11-23T12:00:00Z.";
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;
const time = z.string().check(z.refine((value) => TIME.test(value) && !Number.isNaN(Date.parse(value)), TIME_TEXT));

const filters = {
  search: z.optional(nameFilter),
  event_type: z.optional(z.array(z.enum(EVENT_TYPES, `This must be one of ${EVENT_TYPES.join(", ")}.`))),
  resource_type: z.optional(z.array(z.enum(RESOURCE_TYPES, `This must be one of ${RESOURCE_TYPES.join(", ")}.`))),
  start_timestamp: z.optional(time),
  end_timestamp: z.optional(time),
  order,
  order_by: z.optional(z.enum(["created_on"], "This must be created_on.")),
};

export const AuditQuery = z.object({ ...filters, ...paging });
export const AuditExportQuery = z.object(filters);
export const RefusalQuery = z.object({
  api_key_id: z.optional(id),
  start_timestamp: z.optional(time),
  end_timestamp: z.optional(time),
  ...paging,
});

export const AuditEventData = z.object({
  audit_event_id: id,
  account_id: id,
  account_name: text,
  project_id: nullableText,
  project_name: z.null(),
  cluster_id: z.null(),
  cluster_name: z.null(),
  user_id: nullableText,
  user_email: nullableText,
  impersonating_user_email: z.null(),
  task_id: z.null(),
  entity_name: text,
  message: text,
  /** A change that is not made has no event: refusals are counted instead. */
  is_successful: z.boolean(),
  resource_type: text,
  event_type: text,
  created_on: timestamp,
  /** As the product's documentation calls it: "Create API Key". */
  event_name: text,
  entity_id: text,
  actor: z.object({ type: z.enum(["API_KEY", "OPERATOR", "SYSTEM"]), id: nullableText, name: text }),
  address: nullableText,
  request_id: nullableText,
  detail: z.record(z.string(), z.unknown()),
  sequence: z.int(),
  /** `null` until the event is sealed, which takes a minute at most. */
  hash: nullableText,
});

export const RefusalData = z.object({
  hour: timestamp,
  api_key_id: id,
  api_key_name: nullableText,
  reason: text,
  count: z.int(),
  last_on: timestamp,
});

const PATH_TEXT = "A path starts with / and is in canonical form, without a query.";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
const SIMULATED = ["api_key_id", "method", "path"] as const;

/** Either a call that was refused (`request_id` alone), or one that is only thought of. */
export const ExplainRequest = z
  .strictObject({
    request_id: z.optional(z.string().check(z.regex(/^[0-9a-z-]{1,64}$/, "This is not the id of a request."))),
    api_key_id: z.optional(id),
    /** Left out: as if the address were not known. */
    address: z.optional(z.nullable(z.string().check(z.maxLength(64, "An address has at most 64 characters.")))),
    method: z.optional(z.enum(METHODS, "This is not a method that is served.")),
    path: z.optional(z.string().check(z.regex(/^\/[^?#]{0,2047}$/, PATH_TEXT))),
  })
  .check(({ value, issues }) => {
    const say = (field: string, message: string) =>
      issues.push({ code: "custom", message, path: [field], input: null });
    if (value.request_id === undefined) {
      for (const field of SIMULATED) if (value[field] === undefined) say(field, "This is required without request_id.");
      return;
    }
    for (const field of [...SIMULATED, "address"] as const) {
      if (value[field] !== undefined) say(field, "A request that was refused is asked for by its request_id alone.");
    }
  });

const Step = z.object({
  check: text,
  outcome: z.enum(["passed", "refused", "not_asked"]),
  reason: nullableText,
  message: text,
  compared: z.record(z.string(), z.unknown()),
});

export const ExplanationData = z.object({
  /** What was asked about, and when it was judged. */
  call: z.object({
    request_id: nullableText,
    api_key_id: nullableText,
    api_key_name: nullableText,
    method: text,
    path: nullableText,
    address: nullableText,
    judged_on: timestamp,
  }),
  simulated: z.boolean(),
  allow: z.boolean(),
  /** The first refusal: the code that the caller was told, or a closer one where the caller is told less. */
  reason: nullableText,
  steps: z.array(Step),
  /** Where the key's record came from, and how old that was when it was judged by. */
  freshness: z.object({ source: nullableText, age_ms: z.nullable(z.number()), key_version: z.nullable(z.int()) }),
  /** The same call, weighed again as things stand now; `null` for a simulation, and where no key is known. */
  now: z.nullable(z.object({ allow: z.boolean(), reason: nullableText, steps: z.array(Step) })),
});

export type AuditEventData = z.infer<typeof AuditEventData>;
export type RefusalData = z.infer<typeof RefusalData>;
export type ExplainRequest = z.infer<typeof ExplainRequest>;
export type ExplanationData = z.infer<typeof ExplanationData>;
export type AuditQuery = z.infer<typeof AuditQuery>;
