// The wire contract of API keys.
import * as z from "zod/mini";
import { KEY_STATUSES } from "../../core/access/principal.ts";
import {
  description,
  expireAfterHours,
  id,
  name,
  nameFilter,
  nullableText,
  order,
  paging,
  timestamp,
} from "../fields.ts";
import { RoleData } from "../roles/schema.ts";
import { ChangeTimes } from "../schema.ts";

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
    issuer: z.string(),
    metadata: ChangeTimes,
    expiry_time: timestamp,
    status: z.enum(KEY_STATUSES),
    last_used_time: z.string(),
    /** The address of the last use; `null`: the key is unused, or the address is unknown. */
    last_used_address: nullableText,
    usage_count: z.int(),
    account_id: id,
    revoked_by_user_id: nullableText,
    revoked_by_user_email: nullableText,
    revoked_by_api_key_id: nullableText,
    revoked_by_api_key_name: nullableText,
    revoked_at_time: z.nullable(timestamp),
    role: RoleData,
  }),
});

export const ApiKeyListQuery = z.object({
  api_key_name: z.optional(nameFilter),
  status: z.optional(z.array(z.enum(KEY_STATUSES, "This must be ACTIVE, EXPIRED or REVOKED."))),
  order,
  ...paging,
});

export const RevokeBody = z.strictObject({ force: z.optional(z.nullable(z.boolean())) });

/** How soon a restriction of the key takes effect: on mutating requests, on reads, and on reads while D1 is unavailable. */
export const Effective = z.object({
  mutations: z.union([z.literal("now"), z.number()]),
  reads_within_s: z.number(),
  degraded_reads_within_s: z.number(),
});

export const CreatedApiKey = z.object({ data: ApiKeyData, jwt: z.string() });
export const RevokedApiKey = z.object({ data: ApiKeyData, effective: Effective });

export type ApiKeySpec = z.infer<typeof ApiKeySpec>;
export type ApiKeyData = z.infer<typeof ApiKeyData>;
export type Effective = z.infer<typeof Effective>;
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;
export type RevokedApiKey = z.infer<typeof RevokedApiKey>;
