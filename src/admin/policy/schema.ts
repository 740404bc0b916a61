// The wire contract of an account's policy.
import * as z from "zod/mini";
import { LEAK_ACTIONS } from "../../core/access/account-policy.ts";
import { id } from "../fields.ts";

const wholeNumber = (unit: string, max: number) => {
  const text = `This must be a whole number of ${unit} from 1 to ${max}, or null for no limit.`;
  return z.nullable(z.int(text).check(z.minimum(1, text), z.maximum(max, text)));
};
const flag = z.boolean("This must be true or false.");
const LEAK_TEXT = `This must be one of ${LEAK_ACTIONS.join(", ")}.`;

const members = {
  /** The longest life of a new key; `null`: as long as any. */
  max_lifetime_hours: wholeNumber("hours", 87_600),
  /** The longest overlap of a rotation; `null`: 720 hours. */
  max_overlap_hours: wholeNumber("hours", 720),
  /** Only those with the Admin role create keys that never expire. */
  never_expiring_by_admins_only: flag,
  /** Only people create keys that manage keys. */
  admin_keys_by_operators_only: flag,
  /** `force`, and whatever gives somebody the permissions to manage keys, need the approval of a second person. */
  second_person: flag,
  /** Keys that nobody has used for so many days are disabled; `null`: never. */
  disable_after_idle_days: wholeNumber("days", 3_650),
  /** Keys that ended so many days ago are left out of lists; `null`: none. */
  archive_after_days: wholeNumber("days", 3_650),
  /** What is done with a key that is reported as leaked. */
  leak_action: z.enum(LEAK_ACTIONS, LEAK_TEXT),
};

/** A policy as it replaces another: what is left out has no limit. */
export const PolicySpec = z.partial(z.strictObject(members));

export const PolicyData = z.object({
  spec: z.object(members),
  info: z.object({
    account_id: id,
    /** For `If-Match`. */
    etag: z.string(),
  }),
});

export type PolicyData = z.infer<typeof PolicyData>;
