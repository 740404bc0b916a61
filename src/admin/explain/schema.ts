// The wire contract of explanations: why a request was denied, or how a simulated one would be decided.
import * as z from "zod/mini";
import { address, id, nullableText, requestId, timestamp } from "../fields.ts";

const PATH_TEXT = "A path starts with / and is in canonical form, without a query.";
const SIMULATED_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
const SIMULATION_FIELDS = ["api_key_id", "method", "path"] as const;

/** Either a denied request (`request_id` alone), or a request to simulate. */
export const ExplainRequest = z
  .strictObject({
    request_id: z.optional(requestId),
    api_key_id: z.optional(id),
    /** Omitted: the address is unknown. */
    address: z.optional(z.nullable(address)),
    method: z.optional(z.enum(SIMULATED_METHODS, `This must be one of ${SIMULATED_METHODS.join(", ")}.`)),
    path: z.optional(z.string().check(z.regex(/^\/[^?#]{0,2047}$/, PATH_TEXT))),
  })
  .check(({ value, issues }) => {
    const report = (field: string, message: string) =>
      issues.push({ code: "custom", message, path: [field], input: null });
    if (value.request_id === undefined) {
      for (const field of SIMULATION_FIELDS)
        if (value[field] === undefined) report(field, "This is required without request_id.");
      return;
    }
    for (const field of [...SIMULATION_FIELDS, "address"] as const) {
      if (value[field] !== undefined) report(field, "This is not allowed together with request_id.");
    }
  });

/** One check of an explanation. */
export const StepData = z.object({
  check: z.string(),
  outcome: z.enum(["passed", "refused", "not_asked"]),
  reason: nullableText,
  message: z.string(),
  compared: z.record(z.string(), z.unknown()),
});

export const ExplanationData = z.object({
  /** The request, and when it was decided. */
  call: z.object({
    request_id: nullableText,
    api_key_id: nullableText,
    api_key_name: nullableText,
    method: z.string(),
    path: nullableText,
    address: nullableText,
    judged_on: timestamp,
  }),
  simulated: z.boolean(),
  allow: z.boolean(),
  /** The first reason to deny the request. It can be more precise than the code that the client was sent. */
  reason: nullableText,
  steps: z.array(StepData),
  /** Where the key's record came from, and how old it was at the decision. */
  freshness: z.object({ source: nullableText, age_ms: z.nullable(z.number()), key_version: z.nullable(z.int()) }),
  /** The same request, evaluated again on current data; `null` for a simulation, and when no key is known. */
  now: z.nullable(z.object({ allow: z.boolean(), reason: nullableText, steps: z.array(StepData) })),
});

export type StepData = z.infer<typeof StepData>;
export type ExplainRequest = z.infer<typeof ExplainRequest>;
export type ExplanationData = z.infer<typeof ExplanationData>;
