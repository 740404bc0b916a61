// Names and descriptions: what they may consist of, and when two names are the same.

/**
 * A name, as NFC: letters, marks and digits of every script, and punctuation that is safe in a log line, a terminal and a page.
 * Blanks only between words, one at a time. No character that is not shown: Hangul fillers are letters, for instance.
 */
export const NAME = /^(?!.* (?: |$))(?!.*\p{DI})[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd} ._\-:@/+()#'’]{0,63}$/u;

export const NAME_ERROR =
  "A name has 1 to 64 letters, marks and digits of any script, single spaces and ._-:@/+()#'’. It starts with a letter or a digit and does not end in a space.";

/**
 * One line of text for people, as NFC. No control character, none that changes the direction of a text, and none without a width,
 * so that it is shown as it is. U+FE0F is allowed: keyboards add it to emoji.
 */
export const LINE_OF_TEXT = /^(?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\p{Noncharacter_Code_Point}]|\uFE0F)*$/u;

/**
 * What names are compared by: NFKC, then the full mapping to upper case and that to lower case, of no particular language. Two
 * names are the same when it is the same text.
 */
export function foldName(name: string): string {
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}
