// The wire contract of the counts of denied requests, which the wire calls refusals.
import * as z from "zod/mini";
import { id, nullableText, paging, timeFilter, timestamp } from "../fields.ts";

export const RefusalQuery = z.object({
  api_key_id: z.optional(id),
  start_timestamp: z.optional(timeFilter),
  end_timestamp: z.optional(timeFilter),
  ...paging,
});

/** How often a key was denied for one reason within one hour. */
export const RefusalData = z.object({
  hour: timestamp,
  api_key_id: id,
  api_key_name: nullableText,
  reason: z.string(),
  count: z.int(),
  last_on: timestamp,
});

export type RefusalData = z.infer<typeof RefusalData>;
