// Which names and descriptions are accepted, which names are the same, and which are reserved.
import { describe, expect, it } from "vitest";
import { BUILT_IN_ROLES, isReservedRoleName } from "../../src/core/access/roles.ts";
import { foldName, LINE_OF_TEXT, NAME } from "../../src/core/names.ts";

/** Every character of some Unicode ranges, as text. */
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i));

/** Characters that are not shown, or that change what is shown around them. */
const HIDDEN = [
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f),
  ...["\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4", "\u180e", "\u3164", "\uffa0", "\ufeff", "\ufffe"],
  ...range(0x200b, 0x200f),
  ...range(0x2028, 0x202e),
  ...range(0x2060, 0x206f),
  ...range(0xfe00, 0xfe0e),
  ...["\ud800", "\udfff", "\u{e0001}", "\u{e0041}", "\u{e0100}", "\u{1fffe}"],
];

describe("NAME", () => {
  it.each([
    ...[
      "Zürich",
      "José García",
      "李雷",
      "Δέλτα",
      "אבא",
      "محمد علي",
      "हिन्दी",
      "ผู้ดูแล",
      "ქართული",
      "𐐷𐐯𐐻",
      "한국어",
      "O'Brien",
      "O’Brien",
    ],
    ...["ci", "1", "ci/deploy #1", "a.b_c-d:e@f/g+h(i)", "٣ مفاتيح", "a-", "𠮷".repeat(64), "x".repeat(64)],
  ])("accepts %j", (name) => {
    expect(NAME.test(name.normalize("NFC"))).toBe(true);
  });

  it.each([
    ...[
      "",
      " ",
      " office",
      "office ",
      "of  fice",
      "\u00a0office",
      "off\u00a0ice",
      "off\u3000ice",
      "office\n",
      "-rf",
      ".",
      "'a",
    ],
    ...[
      "a\tb",
      "a<b",
      "a&b",
      'a"b',
      "a`b",
      "a$b",
      "a%b",
      "a;b",
      "a?b",
      "a\\b",
      "a|b",
      "a*b",
      "a=b",
      "a[b",
      "a{b",
      "a~b",
      "a^b",
    ],
    ...["😀", "a😀", "\u0301a", "x".repeat(65), "𠮷".repeat(65), "½", "ⅳ", "→"],
  ])("rejects %j", (name) => {
    expect(NAME.test(name.normalize("NFC"))).toBe(false);
  });

  it("rejects every character that is not shown or changes the direction, wherever it is", () => {
    for (const hidden of HIDDEN) {
      for (const name of [hidden, `${hidden}a`, `a${hidden}`, `a${hidden}b`, `a ${hidden}b`]) {
        expect([name.codePointAt(0), hidden.codePointAt(0), NAME.test(name)]).toEqual([
          ...[name.codePointAt(0), hidden.codePointAt(0), false],
        ]);
      }
    }
  });
});

describe("LINE_OF_TEXT", () => {
  it.each(["", "cost in €", "Zürich → 李雷", "⚠️ careful", "👍🏽", "a  b ", '<b>"&', "½ · ‘x’ – …"])(
    "accepts %j",
    (text) => {
      expect(LINE_OF_TEXT.test(text)).toBe(true);
    },
  );

  it("rejects every character that is not shown or changes the direction, wherever it is", () => {
    for (const hidden of HIDDEN) {
      for (const text of [hidden, `a${hidden}`, `a${hidden}b`]) {
        expect([hidden.codePointAt(0), LINE_OF_TEXT.test(text)]).toEqual([hidden.codePointAt(0), false]);
      }
    }
  });
});

describe("foldName", () => {
  it.each([
    ["Zürich", "ZÜRICH"],
    ["Zu\u0308rich", "zürich"],
    ["Straße", "STRASSE"],
    ["ΣΊΣΥΦΟΣ", "σίσυφος"],
    ["ОФИС", "офис"],
    ["ｏｆｆｉｃｅ", "Office"],
    ["K", "k"],
  ])("makes %j and %j the same", (one, other) => {
    expect(foldName(one)).toBe(foldName(other));
  });

  it.each([
    ["Zurich", "Zürich"],
    ["a b", "ab"],
    ["a-b", "a_b"],
  ])("keeps %j and %j apart", (one, other) => {
    expect(foldName(one)).not.toBe(foldName(other));
  });

  it("folds an ASCII name as SQLite's lower() does, which compares earlier names", () => {
    for (const code of range(0x20, 0x7e)) {
      expect(foldName(code)).toBe(code.replace(/[A-Z]/, (letter) => letter.toLowerCase()));
    }
  });
});

describe("isReservedRoleName", () => {
  const spellings = (name: string) => [
    ...[name, name.toUpperCase(), name.toLowerCase(), ` ${name} `, `${name}.`, `(${name})`, `#${name}`],
    ...[name.replaceAll("_", " "), name.replaceAll("_", "-"), name.replaceAll("_", "__"), name.replaceAll("_", " - ")],
    name.replace(/[a-z]/gi, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)),
  ];

  it.each(BUILT_IN_ROLES.flatMap((role) => [role.name, role.displayName]))("reserves every spelling of %s", (name) => {
    for (const spelling of spellings(name)) expect([spelling, isReservedRoleName(spelling)]).toEqual([spelling, true]);
  });

  it.each(["Administrator", "Admins", "account", "account_admins", "Developers", "View", "Backup admin", "アドミン"])(
    "leaves %s free",
    (name) => {
      expect(isReservedRoleName(name)).toBe(false);
    },
  );
});
