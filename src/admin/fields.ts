// The schemas of single fields that several subjects share, with their messages. A message never repeats what was sent.
import * as z from "zod/mini";
import { type Address, addressText, parseAddress } from "../core/ip/ip-address.ts";
import { LINE_OF_TEXT, NAME, NAME_ERROR } from "../core/names.ts";

/** A name. The output is in NFC. */
export const name = z.string().check(z.normalize("NFC"), z.regex(NAME, NAME_ERROR));

/** A name to filter by. As long as a name at most, because the links of a list repeat it. */
export const nameFilter = z
  .string()
  .check(z.normalize("NFC"), z.regex(/^[\s\S]{0,64}$/u, "A name has at most 64 characters."));

const LINE_ERROR =
  "A description is one line of text without control characters, and without characters that are not shown or change its direction.";

/** One line of text for people. The output is in NFC. */
export const description = z
  .string()
  .check(
    z.normalize("NFC"),
    z.regex(/^[\s\S]{0,256}$/u, "A description has at most 256 characters."),
    z.regex(LINE_OF_TEXT, LINE_ERROR),
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
  .check(
    z.refine((value) => TIME.test(value) && isDate(value.slice(0, 10)) && !Number.isNaN(Date.parse(value)), TIME_TEXT),
  );

/** `Date.parse` takes February 30 for March 2. */
function isDate(day: string): boolean {
  const time = Date.parse(day);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

/** The sort order of a list. */
export const order = z.optional(z.enum(["asc", "desc"], "This must be asc or desc."));

/** What a list may be sorted by; the first name is the default. */
export function orderBy<const N extends readonly [string, ...string[]]>(...names: N) {
  return z.optional(z.enum(names, `This must be ${names.join(" or ")}.`));
}

const ADDRESS_TEXT = "This must be an IPv4 or IPv6 address.";

/** An IP address. The output is its canonical text. */
export const address = z.pipe(
  z.string().check(z.refine((text) => parseAddress(text) !== null, ADDRESS_TEXT)),
  z.transform((text: string) => addressText(parseAddress(text) as Address)),
);

/** The id of a request, as responses and log lines have it. */
export const requestId = z.string().check(z.toLowerCase(), z.regex(/^[0-9a-z-]{1,64}$/, "This is not a request id."));

/** The most items of one page. It is also the default, so that a client that does not page misses as little as possible. */
export const MAX_LIMIT = 100;

/** The parameters of a paged list. */
export const paging = {
  limit: z.optional(z.int().check(z.minimum(1, "This must be at least 1."))),
  continuation_token: z.optional(z.string()),
};
