// The wire contract of operators: people who may act in the account, and how they are recognised.
import * as z from "zod/mini";
import { readEmail } from "../../core/token/oidc-token.ts";
import { id, name, paging, timestamp } from "../fields.ts";
import { RoleData } from "../schema.ts";

const MAX_HOURS = 87_600;
const HOURS_TEXT = `This must be a whole number of hours from 0 (never expires) to ${MAX_HOURS} (10 years).`;
const hours = z.int(HOURS_TEXT).check(z.minimum(0, HOURS_TEXT), z.maximum(MAX_HOURS, HOURS_TEXT));

const EMAIL_TEXT = "This must be an e-mail address in ASCII.";
const email = z.string().check(z.refine((value) => readEmail(value) !== null, EMAIL_TEXT));
const SUBJECT_TEXT = "This has 1 to 255 visible ASCII characters.";
const subject = z.string().check(z.regex(/^[\x21-\x7e]{1,255}$/, SUBJECT_TEXT));

export const OperatorSpec = z
  .strictObject({
    name,
    email: z.optional(z.nullable(email)),
    subject: z.optional(z.nullable(subject)),
    /** Whose subject it is; left out: the issuer that is configured. */
    issuer: z.optional(z.nullable(subject)),
    role_id: id,
    expire_after_hours: z.optional(hours),
  })
  .check(({ value, issues }) => {
    const say = (field: string, message: string) =>
      issues.push({ code: "custom", message, path: [field], input: null });
    const [byEmail, bySubject] = [value.email != null, value.subject != null];
    if (byEmail === bySubject)
      say("email", "An operator is found by an e-mail address or by a subject: give one of them.");
    if (value.issuer != null && !bySubject) say("issuer", "This belongs to a subject.");
  });

/** What can be changed: another identity is another person. */
export const OperatorChange = z.strictObject({ name, role_id: id, expire_after_hours: z.optional(hours) });

export const OperatorListQuery = z.object(paging);

export const OperatorData = z.object({
  spec: z.object({
    name: z.string(),
    email: z.nullable(z.string()),
    subject: z.nullable(z.string()),
    issuer: z.nullable(z.string()),
    role_id: id,
    expire_after_hours: z.int(),
  }),
  info: z.object({
    id,
    account_id: id,
    status: z.enum(["ACTIVE", "EXPIRED"]),
    expiry_time: timestamp,
    created_by: z.string(),
    metadata: z.object({ created_on: timestamp, updated_on: timestamp }),
    role: RoleData,
  }),
});

export type OperatorData = z.infer<typeof OperatorData>;
