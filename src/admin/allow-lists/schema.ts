// The wire contract of IP allow lists.
import * as z from "zod/mini";
import { type CanonicalCidr, MAX_RULES } from "../../core/ip/cidr.ts";
import { parseCidr } from "../../core/ip/operator-cidr.ts";
import { Effective } from "../api-keys/schema.ts";
import { description, id, name, nameFilter, order, orderBy, paging } from "../fields.ts";
import { FieldErrorData, KeyReferenceData } from "../schema.ts";

/** An address or a CIDR range as an operator writes it. The output is its canonical CIDR. */
const cidr = z.pipe(
  z.string(),
  z.transform((text: string, context): CanonicalCidr => {
    const parsed = parseCidr(text);
    if ("cidr" in parsed) return parsed.cidr;
    context.issues.push({ code: "custom", message: parsed.error, input: null });
    return z.NEVER;
  }),
);

/** An IP allow list as it is created. */
export const AllowListSpec = z.strictObject({
  name,
  description: z.optional(z.nullable(description)),
  allow_list: z
    .array(cidr)
    .check(
      z.minLength(1, "At least one address or CIDR range is needed."),
      z.maxLength(MAX_RULES, `A list has at most ${MAX_RULES} rules.`),
    ),
});

export const AllowListData = z.object({
  spec: z.object({ name: z.string(), description: z.string(), allow_list: z.array(z.string()) }),
  info: z.object({
    id,
    /** The entity tag of the list, for `If-Match`. */
    etag: z.string(),
    project_id: id,
    cluster_ids: z.array(id),
    cluster_list: z.array(z.object({ id, name: z.string() })),
    peering_id: z.null(),
    /** At most 100 keys, those that are not revoked first. */
    api_key_list: z.array(KeyReferenceData),
  }),
});

export const CreatedAllowList = z.object({ data: AllowListData, warnings: z.array(FieldErrorData) });

/** The list that takes the place of another on its keys. */
export const AllowListReplacement = z.strictObject({ allow_list_id: id });

export const ReplaceQuery = z.object({
  /** Whether nothing is to change: the response says what would. */
  dry_run: z.optional(z.boolean("This must be true or false.")),
});

/** What a replacement does, or would do. */
export const ReplacedAllowList = z.object({
  data: AllowListData,
  /** How many active keys the list is bound to. */
  affected_keys: z.int(),
  /** At most 100 of them: they were last used from an address that is not allowed any more. */
  newly_denied: z.array(
    z.object({
      id,
      name: z.string(),
      last_used_address: z.nullable(z.string()),
      last_used_time: z.nullable(z.string()),
    }),
  ),
  effective: Effective,
  warnings: z.array(FieldErrorData),
});

export const AllowListQuery = z.object({
  name: z.optional(nameFilter),
  api_key_ids: z.optional(z.array(id).check(z.maxLength(100, "This holds at most 100 ids."))),
  /** No allow list is created automatically: only `false` can be asked for. */
  is_auto_created: z.optional(z.literal(false, "This must be false.")),
  order,
  order_by: orderBy("created_on", "name"),
  ...paging,
});

/** What a client sends: rules as text. `z.output` has canonical CIDRs instead. */
export type AllowListSpec = z.input<typeof AllowListSpec>;
export type AllowListData = z.infer<typeof AllowListData>;
export type ReplacedAllowList = z.infer<typeof ReplacedAllowList>;
export type CreatedAllowList = z.infer<typeof CreatedAllowList>;
