// The wire contract of operators: people who may act in the account, and the identity by which each is recognized.
import * as z from "zod/mini";
import { readEmail } from "../../core/token/oidc-token.ts";
import { expireAfterHours, id, name, nullableText, paging, timestamp } from "../fields.ts";
import { RoleData } from "../roles/schema.ts";
import { ChangeTimes, FieldErrorData } from "../schema.ts";

const EMAIL_TEXT = "This must be an e-mail address in ASCII.";
const email = z.string().check(z.refine((value) => readEmail(value) !== null, EMAIL_TEXT));
const ASCII_TEXT = "This must have 1 to 255 visible ASCII characters.";
const visibleAscii = z.string().check(z.regex(/^[\x21-\x7e]{1,255}$/, ASCII_TEXT));

const ONE_IDENTITY = "An operator is identified by an e-mail address or by a subject: give exactly one of them.";

/** An operator as it is added. */
export const OperatorSpec = z
  .strictObject({
    name,
    email: z.optional(z.nullable(email)),
    subject: z.optional(z.nullable(visibleAscii)),
    /** The issuer of the subject; omitted: the configured one. */
    issuer: z.optional(z.nullable(visibleAscii)),
    role_id: id,
    expire_after_hours: z.optional(expireAfterHours),
  })
  .check(({ value, issues }) => {
    const report = (field: string, message: string) =>
      issues.push({ code: "custom", message, path: [field], input: null });
    const [byEmail, bySubject] = [value.email != null, value.subject != null];
    if (byEmail === bySubject) report("email", ONE_IDENTITY);
    if (value.issuer != null && !bySubject) report("issuer", "An issuer is only allowed together with a subject.");
  });

/** A changed operator; what is left out stays as it is. The identity stays: another identity is another operator. */
export const OperatorChange = z.strictObject({
  name: z.optional(name),
  role_id: z.optional(id),
  expire_after_hours: z.optional(expireAfterHours),
});

export const OperatorListQuery = z.object(paging);

export const OperatorData = z.object({
  spec: z.object({
    name: z.string(),
    email: nullableText,
    subject: nullableText,
    issuer: nullableText,
    role_id: id,
    expire_after_hours: z.int(),
  }),
  info: z.object({
    id,
    account_id: id,
    status: z.enum(["ACTIVE", "EXPIRED"]),
    expiry_time: timestamp,
    created_by: z.string(),
    metadata: ChangeTimes,
    role: RoleData,
    /** For `If-Match`. */
    etag: z.string(),
  }),
});

/** The operator, with warnings when nobody vouches for them. */
export const CreatedOperator = z.object({ data: OperatorData, warnings: z.array(FieldErrorData) });

export type CreatedOperator = z.infer<typeof CreatedOperator>;
export type OperatorData = z.infer<typeof OperatorData>;
