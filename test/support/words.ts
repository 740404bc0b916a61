// Finds words of the project's former private vocabulary, in place of which code and docs use the field's terms, and figures
// in comments.

/** Every private word, with its inflections and the British spellings of words that headers and libraries spell otherwise. */
const PRIVATE_WORDS = [
  ..."doors? houses? whoever weigh(?:s|ed|ing)? rebuff(?:s|ed)? heed(?:s|ed)? keepers? strangers?".split(" "),
  ..."recollections? mend(?:s|ed)? instants? upkeep chores? tombstone[sd]? barred".split(" "),
  ..."(?:un)?authoris(?:e|es|ed|ing|ation) catalogues? canonicalis(?:e|es|ed|ing|ation) behaviours?".split(" "),
];
const PRIVATE_WORD = new RegExp(`\\b(?:${PRIVATE_WORDS.join("|")})\\b`, "gi");

/** A number with a unit of time or a percent sign; `%2F` is an encoded character and no percentage. */
const FIGURE = /\d+\s?(?:(?:µs|us|ns|ms|percent)\b|%(?![\da-f]{2}))/i;

const COMMENT = /^\s*(?:\/\/|\/?\*).*|\s\/\/\s.*/;

/** A string that `it`, `test` or `describe` is called with, also through `each` and `skipIf`. */
const TITLE =
  /(?:\b(?:it|test|describe)(?:\.\w+)*|[\])])\(\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|`((?:\\.|[^`\\])*)`)/g;

/** A phrase that has a private word in its literal sense, and the file that may contain it. */
export interface LiteralUse {
  readonly file: string;
  readonly phrase: string;
  readonly reason: string;
}

/** The private words of a file outside its literal uses, each as `file:line: word: text of the line`. */
export function privateWordsIn(file: string, text: string, literalUses: readonly LiteralUse[] = []): readonly string[] {
  const phrases = literalUses.filter((use) => use.file === file).map((use) => use.phrase);
  return text.split("\n").flatMap((line, i) => {
    const prose = phrases.reduce((rest, phrase) => rest.replaceAll(phrase, ""), line);
    return [...prose.matchAll(PRIVATE_WORD)].map(([word]) => `${file}:${i + 1}: ${word}: ${line.trim()}`);
  });
}

/** The private words in the titles of a test file, in the same form. */
export function privateWordsInTitles(file: string, text: string): readonly string[] {
  return [...text.matchAll(TITLE)].flatMap((found) => {
    const title = found[1] ?? found[2] ?? found[3] ?? "";
    const line = text.slice(0, found.index + found[0].length).split("\n").length;
    return [...title.matchAll(PRIVATE_WORD)].map(([word]) => `${file}:${line}: ${word}: ${title}`);
  });
}

/** The comments of a source that state a measured figure, each as `file:line: figure: text of the line`. */
export function figuresInComments(file: string, text: string): readonly string[] {
  return text.split("\n").flatMap((line, i) => {
    const figure = FIGURE.exec(COMMENT.exec(line)?.[0] ?? "");
    return figure === null ? [] : [`${file}:${i + 1}: ${figure[0]}: ${line.trim()}`];
  });
}
