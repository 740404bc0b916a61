// The schemas of single fields that several subjects share, with their messages. A message never repeats what was sent.
import * as z from "zod/mini";

const NAME_TEXT =
  "A name has 1 to 64 characters: letters, digits, space and ._-:@/+()#, and starts with a letter or a digit.";

/** A name that is safe in a log line, a header, a terminal and a page. */
export const name = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9 ._\-:@/+()#]{0,63}$/, NAME_TEXT));

/** A name to filter by. As long as a name at most, because the links of a list repeat it. */
export const nameFilter = z.string().check(z.maxLength(64, "A name has at most 64 characters."));

/** One line of text for people. */
export const description = z
  .string()
  .check(
    z.maxLength(256, "A description has at most 256 characters."),
    z.regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, "A description is one line of text without control characters."),
  );

/** A UUID. The output is in lower case. */
export const id = z.guid("This must be a UUID.").check(z.toLowerCase());

/** A time in a response: ISO 8601 in UTC. */
export const timestamp = z.string();

/** Text in a response, or `null`. */
export const nullableText = z.nullable(z.string());

const MAX_HOURS = 87_600;
const HOURS_TEXT = `This must be a whole number of hours from 0 (never expires) to ${MAX_HOURS} (10 years).`;

/** The lifetime of a key or an operator in hours; 0: it never expires. */
export const expireAfterHours = z.int(HOURS_TEXT).check(z.minimum(0, HOURS_TEXT), z.maximum(MAX_HOURS, HOURS_TEXT));

const TIME_TEXT = "This must be a time in ISO 8601 with an offset, such as 2026-11-23T12:00:00Z.";
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** A time to filter by: ISO 8601 with its offset. */
export const timeFilter = z
  .string()
  .check(z.refine((value) => TIME.test(value) && !Number.isNaN(Date.parse(value)), TIME_TEXT));

/** The sort order of a list. */
export const order = z.optional(z.enum(["asc", "desc"], "This must be asc or desc."));

/** The most items of one page. It is also the default, so that a client that does not page misses as little as possible. */
export const MAX_LIMIT = 100;

/** The parameters of a paged list. */
export const paging = {
  limit: z.optional(z.int().check(z.minimum(1, "This must be at least 1."))),
  continuation_token: z.optional(z.string()),
};
