// The fields that several operations share, with the sentences that say what is wrong with them. A sentence never
// repeats what was sent.
import * as z from "zod/mini";

const NAME_TEXT =
  "A name has 1 to 64 characters: letters, digits, space and ._-:@/+()#, and starts with a letter or a digit.";

/** Safe in a log line, a header, a terminal and a page, whoever has chosen it. */
export const name = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9 ._\-:@/+()#]{0,63}$/, NAME_TEXT));

/** No longer than a name can be: nothing else could be found, and a link in the answer repeats it. */
export const nameFilter = z.string().check(z.maxLength(64, "A name has at most 64 characters."));

export const description = z
  .string()
  .check(
    z.maxLength(256, "A description has at most 256 characters."),
    z.regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, "A description is one line of text without control characters."),
  );

/** An id as it was sent, in lower case. */
export const id = z.guid("This must be a UUID.").check(z.toLowerCase());

/** Instants in answers: ISO 8601 in UTC. */
export const timestamp = z.string();

/** Clients that do not page must not lose much: an answer holds as many as it may. */
export const MAX_LIMIT = 100;

export const paging = {
  limit: z.optional(z.int().check(z.minimum(1, "This must be at least 1."))),
  continuation_token: z.optional(z.string()),
};

export const order = z.optional(z.enum(["asc", "desc"], "This must be asc or desc."));
