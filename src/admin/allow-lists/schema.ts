// The wire contract of IP allow lists.
import * as z from "zod/mini";
import { type CanonicalCidr, MAX_RULES } from "../../core/ip/cidr.ts";
import { parseCidr } from "../../core/ip/operator-cidr.ts";
import { description, id, name, nameFilter, order, paging } from "../fields.ts";
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
    project_id: id,
    cluster_ids: z.array(id),
    cluster_list: z.array(z.object({ id, name: z.string() })),
    peering_id: z.null(),
    /** At most 100 keys, those that are not revoked first. */
    api_key_list: z.array(KeyReferenceData),
  }),
});

export const CreatedAllowList = z.object({ data: AllowListData, warnings: z.array(FieldErrorData) });

export const AllowListQuery = z.object({
  name: z.optional(nameFilter),
  api_key_ids: z.optional(z.array(id).check(z.maxLength(100, "This holds at most 100 ids."))),
  order,
  ...paging,
});

/** What a client sends: rules as text. `z.output` has canonical CIDRs instead. */
export type AllowListSpec = z.input<typeof AllowListSpec>;
export type AllowListData = z.infer<typeof AllowListData>;
export type CreatedAllowList = z.infer<typeof CreatedAllowList>;
