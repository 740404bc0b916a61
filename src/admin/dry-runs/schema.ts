// The wire contract of trials: what a key is tried with, and what that would have refused.
import * as z from "zod/mini";
import { id, timestamp } from "../fields.ts";
import { ApiKeyData, Effective } from "../schema.ts";

const EITHER = "One of role_id and allow_list_info is required.";
const LISTS = "This holds 1 to 10 different ids; leave it out to try the role alone.";

/** What is left out stays as the key has it. */
export const TrialSpec = z
  .strictObject({
    role_id: z.optional(z.nullable(id)),
    allow_list_info: z.optional(z.nullable(z.array(id).check(z.minLength(1, LISTS), z.maxLength(100, LISTS)))),
  })
  .check(({ value, issues }) => {
    if ((value.role_id ?? null) !== null || (value.allow_list_info ?? null) !== null) return;
    issues.push({ code: "custom", message: EITHER, path: [], input: null });
  });

const Counted = { count: z.int(), first_on: timestamp, last_on: timestamp };

export const TrialData = z.object({
  spec: z.object({ role_id: z.nullable(id), allow_list_info: z.nullable(z.array(id)) }),
  info: z.object({
    id,
    api_key_id: id,
    created_on: timestamp,
    created_by: z.string(),
    /** Calls that were allowed since, and weighed against the trial. Counts are written by the minute. */
    evaluated_calls: z.int(),
    would_have_refused: z.int(),
    /** Different networks (/24, /64) that those came from. */
    networks: z.int(),
    /** False: too many to keep, there are more. */
    networks_complete: z.boolean(),
    reasons: z.array(z.object({ reason: z.string(), ...Counted })),
    /** The latest 10 kinds; `network` is `null` where the address was not known. */
    examples: z.array(
      z.object({ reason: z.string(), operation: z.string(), network: z.nullable(z.string()), ...Counted }),
    ),
  }),
});

export const PromotedTrial = z.object({ data: ApiKeyData, effective: Effective });

export type TrialData = z.infer<typeof TrialData>;
