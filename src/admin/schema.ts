// The wire contract that all subjects share. Each subject has a schema.ts of its own beside its handlers. The OpenAPI
// document and the types of the console are made from these schemas. Shapes are Aeon's; its clients ignore extra members.
import * as z from "zod/mini";
import { KEY_STATUSES } from "../core/access/principal.ts";
import { id, nullableText, timestamp } from "./fields.ts";

/** What a list says about its page. */
export const Metadata = z.object({
  continuation_token: nullableText,
  links: z.object({ self: z.string(), next: nullableText }),
});

/** When something was created and last changed. */
export const ChangeTimes = z.object({ created_on: timestamp, updated_on: timestamp });

/** One field error, or one warning. */
export const FieldErrorData = z.object({ field: z.string(), message: z.string() });

/** The body of every error. */
export const ErrorAnswer = z.object({
  error: z.object({
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    request_id: z.string(),
    faults: z.optional(z.array(FieldErrorData)),
  }),
});

/** A conflict of a request that names no account. `account_required` has those that the operator may choose from. */
export const AccountRequiredAnswer = z.object({
  ...ErrorAnswer.shape,
  accounts: z.optional(z.array(z.object({ id, name: z.string() }))),
});

/** An API key as a role or an IP allow list refers to it. */
export const KeyReferenceData = z.object({ id, name: z.string(), issuer: z.string(), status: z.enum(KEY_STATUSES) });

/** `force=true` skips the check that somebody in the account can still manage API keys. */
export const ForceQuery = z.object({ force: z.optional(z.boolean()) });

export type Metadata = z.infer<typeof Metadata>;
export type ErrorAnswer = z.infer<typeof ErrorAnswer>;
export type KeyReferenceData = z.infer<typeof KeyReferenceData>;

/** The body of a list. */
export interface ListOf<T> {
  readonly data: readonly T[];
  readonly _metadata: Metadata;
}
