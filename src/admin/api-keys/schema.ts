// The wire contract of API keys.
import * as z from "zod/mini";
import { KEY_STATUSES, UNUSABLE_REASONS } from "../../core/access/principal.ts";
import {
  description,
  expireAfterHours,
  id,
  name,
  nameFilter,
  nullableText,
  order,
  orderBy,
  paging,
  timeFilter,
  timestamp,
} from "../fields.ts";
import { RoleData } from "../roles/schema.ts";
import { ChangeTimes, ErrorAnswer, FieldErrorData } from "../schema.ts";

/** The most IP allow lists of one API key, and of its dry run. */
export const MAX_ALLOW_LISTS = 10;

/** An API key as it is created. */
export const ApiKeySpec = z.strictObject({
  name,
  description: z.optional(z.nullable(description)),
  expire_after_hours: expireAfterHours,
  role_id: z.optional(z.nullable(id)),
  // Duplicates are allowed, so this only bounds the work; the number of different ids is checked with the references.
  allow_list_info: z.optional(
    z.nullable(z.array(id).check(z.maxLength(100, `This holds at most ${MAX_ALLOW_LISTS} different ids.`))),
  ),
  /** A key that never opens, and whose use is an alarm; left out: false. */
  canary: z.optional(z.boolean()),
});

const LISTS = `This holds at most ${MAX_ALLOW_LISTS} different ids; an empty list allows any address.`;

/** An edit of an API key. A member that is left out stays as it is; an expiry counts from the edit. */
export const ApiKeyEdit = z
  .strictObject({
    name: z.optional(name),
    description: z.optional(description),
    expire_after_hours: z.optional(expireAfterHours),
    role_id: z.optional(id),
    allow_list_info: z.optional(z.array(id).check(z.maxLength(100, LISTS))),
  })
  .check(({ value, issues }) => {
    if (Object.keys(value).length > 0) return;
    issues.push({ code: "custom", message: "At least one member to change is required.", path: [], input: null });
  });

/** The longest overlap of a rotation: 30 days. */
const MAX_OVERLAP_HOURS = 720;
const OVERLAP_TEXT = `This must be a whole number of hours from 0 to ${MAX_OVERLAP_HOURS} (30 days).`;

/** How long a rotated key still works; 0: no longer. */
export const Overlap = z.strictObject({
  overlap_hours: z.int(OVERLAP_TEXT).check(z.minimum(0, OVERLAP_TEXT), z.maximum(MAX_OVERLAP_HOURS, OVERLAP_TEXT)),
});

/** A rotation of which the key is the predecessor or the successor, and the requests with each since. */
const RotationData = z.object({
  predecessor_id: id,
  successor_id: id,
  rotated_on: timestamp,
  predecessor_requests: z.int(),
  successor_requests: z.int(),
});

export const ApiKeyData = z.object({
  spec: z.object({
    name: z.string(),
    description: z.string(),
    expire_after_hours: z.int(),
    role_id: id,
    allow_list_info: z.array(id),
  }),
  info: z.object({
    id,
    /** The entity tag of the key, for `If-Match`. */
    etag: z.string(),
    /** The name of the key or the operator that has created the key. */
    issuer: z.string(),
    /** Its id; `null`: nobody of the account has created the key. */
    created_by_id: nullableText,
    metadata: ChangeTimes,
    expiry_time: timestamp,
    status: z.enum(KEY_STATUSES),
    last_used_time: z.string(),
    /** The address of the last use; `null`: the key is unused, or the address is unknown. */
    last_used_address: nullableText,
    usage_count: z.int(),
    account_id: id,
    /** The end that the key was signed with: an edit cannot move `expiry_time` beyond it. */
    latest_expiry_time: timestamp,
    /** The newest rotation of the key; `null`: it has neither a successor nor a predecessor. Requests are written once a minute. */
    rotation: z.nullable(RotationData),
    /** Since when the key is disabled; its status is REVOKED then. `null`: it is not disabled. */
    disabled_at_time: z.nullable(timestamp),
    /** Whether it is a canary key: one that never opens, and whose use is an alarm. Its status is REVOKED. */
    canary: z.boolean(),
    revoked_by_user_id: nullableText,
    revoked_by_user_email: nullableText,
    revoked_by_api_key_id: nullableText,
    revoked_by_api_key_name: nullableText,
    revoked_at_time: z.nullable(timestamp),
    role: RoleData,
    /** The id in KEY_RING of the secret that has signed the key; `null`: the key is older than this member, and unused since. */
    signing_key_id: nullableText,
    /** Why the key does not authenticate although nobody revoked it; its status is REVOKED then. */
    unusable_reason: z.nullable(z.enum(UNUSABLE_REASONS)),
    /** When it was first reported as leaked, and where it was found. */
    compromised_on: z.nullable(timestamp),
    compromised_url: nullableText,
  }),
});

const signingKeyId = z
  .string()
  .check(z.regex(/^[a-z][a-z0-9-]{0,31}$/, "This must be the id of a secret in KEY_RING."));

export const ApiKeyListQuery = z.object({
  api_key_name: z.optional(nameFilter),
  status: z.optional(z.array(z.enum(KEY_STATUSES, "This must be ACTIVE, EXPIRED or REVOKED."))),
  role_id: z.optional(id),
  /** The key or the operator that has created the key. */
  created_by_id: z.optional(id),
  signing_key_id: z.optional(signingKeyId),
  /** Only keys that are disabled, or only those that are not. */
  disabled: z.optional(z.boolean("This must be true or false.")),
  /** Only active keys that the account's policy would not allow, or all. */
  noncompliant: z.optional(z.boolean("This must be true or false.")),
  /** Only keys that ended longer ago than the policy keeps in lists; left out or false: only the others. */
  archived: z.optional(z.boolean("This must be true or false.")),
  /** Only canary keys, or only the others. */
  canary: z.optional(z.boolean("This must be true or false.")),
  order,
  order_by: orderBy("created_on"),
  ...paging,
});

export const RevokeBody = z.strictObject({ force: z.optional(z.nullable(z.boolean())) });

const revokeFilterMembers = {
  api_key_name: z.optional(nameFilter),
  role_id: z.optional(id),
  created_by_id: z.optional(id),
  signing_key_id: z.optional(signingKeyId),
  /** A key with all that it has created or was rotated to, and what these have; or what an operator has created. */
  descendants_of_id: z.optional(id),
  /** Keys that were neither used nor created since. */
  not_used_since: z.optional(timeFilter),
  /** Keys that the account's policy would not allow. */
  noncompliant: z.optional(z.literal(true, "This must be true, or left out.")),
};

/** Which keys to revoke, and how many these are. */
export const BulkRevokeBody = z.strictObject({
  filter: z.strictObject(revokeFilterMembers).check(({ value, issues }) => {
    if (Object.keys(value).length > 0) return;
    issues.push({ code: "custom", message: "At least one member is required.", path: [], input: null });
  }),
  /** The count that a request without it has returned; left out: nothing is revoked. */
  confirm_count: z.optional(z.int().check(z.minimum(0, "This must not be negative."))),
  force: z.optional(z.boolean()),
});

/** How soon a restriction of the key takes effect: on mutating requests, on reads, and on reads while D1 is unavailable. */
export const Effective = z.object({
  mutations: z.union([z.literal("now"), z.number()]),
  reads_within_s: z.number(),
  degraded_reads_within_s: z.number(),
});

/** The key and its secret, with warnings when its allow lists together restrict next to nothing. */
export const CreatedApiKey = z.object({ data: ApiKeyData, jwt: z.string(), warnings: z.array(FieldErrorData) });
const counted = {
  count: z.int(),
  sample: z.array(z.object({ id, name: z.string(), created_on: timestamp, role_id: id })),
};

/** How many keys match, the oldest of them, and how many were revoked. */
export const BulkRevocation = z.object({
  data: z.object({
    ...counted,
    revoked: z.int(),
    /** A request revokes at most 500 keys: repeat it with this as `confirm_count`. */
    remaining: z.int(),
  }),
  effective: Effective,
});

/** A conflict of a bulk revocation. `count_changed` has what matches by now. */
export const CountChangedAnswer = z.object({ ...ErrorAnswer.shape, data: z.optional(z.object(counted)) });

/** A conflict of a creation. `idempotency_key_used` has the key that was created. */
export const AlreadyCreatedAnswer = z.object({ ...ErrorAnswer.shape, data: z.optional(ApiKeyData) });

export const RevokedApiKey = z.object({ data: ApiKeyData, effective: Effective });
/** The edited key, how soon the edit takes effect, and warnings of allow lists that together restrict next to nothing. */
export const EditedApiKey = z.object({ data: ApiKeyData, effective: Effective, warnings: z.array(FieldErrorData) });

export type ApiKeySpec = z.infer<typeof ApiKeySpec>;
export type ApiKeyData = z.infer<typeof ApiKeyData>;
export type Effective = z.infer<typeof Effective>;
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;
/** The successor and its secret, and the key that it takes over from. */
export const RotatedApiKey = z.object({
  data: ApiKeyData,
  jwt: z.string(),
  predecessor: ApiKeyData,
  effective: Effective,
});

export type Overlap = z.infer<typeof Overlap>;
export type RotatedApiKey = z.infer<typeof RotatedApiKey>;
export type ApiKeyEdit = z.infer<typeof ApiKeyEdit>;
export type EditedApiKey = z.infer<typeof EditedApiKey>;
export type RevokedApiKey = z.infer<typeof RevokedApiKey>;
export type BulkRevokeBody = z.infer<typeof BulkRevokeBody>;
export type BulkRevocation = z.infer<typeof BulkRevocation>;
