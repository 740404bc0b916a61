// The wire contract of dry runs, which the wire calls trials: a role, IP allow lists or both that a key is evaluated with in
// report-only mode.
import * as z from "zod/mini";
import { ApiKeyData, Effective, MAX_ALLOW_LISTS } from "../api-keys/schema.ts";
import { id, timestamp } from "../fields.ts";
import { FieldErrorData } from "../schema.ts";

const EITHER = "One of role_id and allow_list_info is required.";
const LISTS = `This holds 1 to ${MAX_ALLOW_LISTS} different ids; omit it for a dry run of the role alone.`;

/** A dry run as it is started. An omitted member stays as the key has it. */
export const TrialSpec = z
  .strictObject({
    role_id: z.optional(z.nullable(id)),
    allow_list_info: z.optional(z.nullable(z.array(id).check(z.minLength(1, LISTS), z.maxLength(100, LISTS)))),
  })
  .check(({ value, issues }) => {
    if ((value.role_id ?? null) !== null || (value.allow_list_info ?? null) !== null) return;
    issues.push({ code: "custom", message: EITHER, path: [], input: null });
  });

const countMembers = { count: z.int(), first_on: timestamp, last_on: timestamp };

export const TrialData = z.object({
  spec: z.object({ role_id: z.nullable(id), allow_list_info: z.nullable(z.array(id)) }),
  info: z.object({
    id,
    api_key_id: id,
    created_on: timestamp,
    created_by: z.string(),
    /** Allowed requests that were evaluated with the dry run. Counts are written once a minute. */
    evaluated_calls: z.int(),
    /** Those of them that the dry run would have denied. */
    would_have_refused: z.int(),
    /** The different networks (/24, /64) that the requests that would have been denied came from. */
    networks: z.int(),
    /** False: there are more networks than were kept. */
    networks_complete: z.boolean(),
    reasons: z.array(z.object({ reason: z.string(), ...countMembers })),
    /** The latest 10 kinds; `network` is `null` when the address was unknown. */
    examples: z.array(
      z.object({ reason: z.string(), operation: z.string(), network: z.nullable(z.string()), ...countMembers }),
    ),
  }),
});

/** The dry run, with warnings when its allow lists together restrict next to nothing. */
export const StartedTrial = z.object({ data: TrialData, warnings: z.array(FieldErrorData) });

export const PromotedTrial = z.object({
  data: ApiKeyData,
  effective: Effective,
  warnings: z.array(FieldErrorData),
});

export type TrialData = z.infer<typeof TrialData>;
