// The wire contract of endpoints: where events are sent, in which form, and which.
import * as z from "zod/mini";
import { ENDPOINT_FORMATS } from "../../core/events/payload.ts";
import { EVENT_TYPES, RESOURCE_TYPES } from "../audit/schema.ts";
import { id, name, nullableText, paging, timeFilter, timestamp } from "../fields.ts";
import { ChangeTimes } from "../schema.ts";

const FORMAT_TEXT = `This must be one of ${ENDPOINT_FORMATS.join(", ")}.`;
const format = z.enum(ENDPOINT_FORMATS, FORMAT_TEXT);

/** `api_key.revoke`, or `api_key.*`. */
export const EVENT_TYPE_NAMES: readonly string[] = RESOURCE_TYPES.flatMap((resource) =>
  ["*", ...EVENT_TYPES].map((type) => `${resource}.${type}`.toLowerCase()),
);
const TYPE_TEXT = "This must be a type of events, such as api_key.revoke or api_key.*.";
const eventTypes = z
  .array(z.string().check(z.refine((type) => EVENT_TYPE_NAMES.includes(type), TYPE_TEXT)))
  .check(z.maxLength(50, "This holds at most 50 types."));

/** An endpoint as it is created. */
export const EndpointSpec = z.strictObject({
  name,
  url: z.string(),
  format: z.optional(format),
  /** Left out or empty: all events. */
  event_types: z.optional(eventTypes),
});

/** A changed endpoint; what is left out stays as it is. */
export const EndpointChange = z.strictObject({
  name: z.optional(name),
  url: z.optional(z.string()),
  format: z.optional(format),
  event_types: z.optional(eventTypes),
  enabled: z.optional(z.boolean()),
});

const OVERLAP_TEXT = "This must be a whole number of hours from 0 to 168.";

export const SecretRotation = z.strictObject({
  /** How long the secret before signs too; left out: 24. */
  overlap_hours: z.optional(z.int(OVERLAP_TEXT).check(z.minimum(0, OVERLAP_TEXT), z.maximum(168, OVERLAP_TEXT))),
});

export const EndpointListQuery = z.object(paging);

export const EndpointData = z.object({
  spec: z.object({
    name: z.string(),
    /** Whole for those who may change endpoints, since it may have a secret in it; its origin for all others. */
    url: z.string(),
    format: z.string(),
    event_types: z.array(z.string()),
    enabled: z.boolean(),
  }),
  info: z.object({
    id,
    account_id: id,
    status: z.enum(["ACTIVE", "DISABLED"]),
    /** `by_request`; `gone`: it has answered 410; `failing`: nothing has arrived for five days. */
    disabled_reason: nullableText,
    disabled_on: z.nullable(timestamp),
    /** Until when the secret before the last rotation signs too. */
    previous_secret_until: z.nullable(timestamp),
    created_by: z.string(),
    metadata: ChangeTimes,
    /** For `If-Match`. */
    etag: z.string(),
  }),
});

/** The endpoint with its secret, which is never shown again. */
export const EndpointWithSecret = z.object({ data: EndpointData, secret: z.string() });

const ONE_CHOICE = "Give event_ids or since.";

/** Which events are sent again: at most a thousand, the oldest first. */
export const RedeliverBody = z
  .strictObject({
    event_ids: z.optional(z.array(id).check(z.minLength(1, ONE_CHOICE), z.maxLength(100, "At most 100 ids."))),
    since: z.optional(timeFilter),
  })
  .check(({ value, issues }) => {
    if ((value.event_ids === undefined) !== (value.since === undefined)) return;
    issues.push({ code: "custom", message: ONE_CHOICE, path: ["event_ids"], input: null });
  });

export const RedeliveredData = z.object({ count: z.int() });

export const TestedData = z.object({
  delivered: z.boolean(),
  /** Of the response; `null`: there was none. */
  status: z.nullable(z.int()),
  error: nullableText,
});

export const DeliveryData = z.object({
  event_id: id,
  event_type: z.string(),
  entity_id: z.string(),
  sequence: z.int(),
  state: z.enum(["PENDING", "DELIVERED", "FAILED"]),
  tries: z.int(),
  next_try_on: z.nullable(timestamp),
  last_try_on: z.nullable(timestamp),
  last_status: z.nullable(z.int()),
  /** `status`, `redirect`, `timeout`, `unreachable`, `inward_address`, `unresolved` or `not_authentic`. */
  last_error: nullableText,
});

export type DeliveryData = z.infer<typeof DeliveryData>;
export type TestedData = z.infer<typeof TestedData>;
export type EndpointData = z.infer<typeof EndpointData>;
export type EndpointWithSecret = z.infer<typeof EndpointWithSecret>;
