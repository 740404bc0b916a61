// What no client means to send: texts in the place of JSON values, of bodies and of query parameters.

/** JSON texts: every type, its limits, and what parsers disagree about. */
export const ODD: readonly string[] = [
  ...[
    "null",
    "true",
    "-1",
    "1.5",
    "1e400",
    "9007199254740993",
    '""',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\u202e"',
    '"__proto__"',
  ],
  ...[
    "[]",
    "[null]",
    "{}",
    '{"__proto__":{"x":1}}',
    '{"a":1,"a":2}',
    `"${"x".repeat(5_000)}"`,
    "[".repeat(500) + "]".repeat(500),
  ],
];
/** Texts that are odd as a whole body only. */
export const ODD_BODIES: readonly string[] = [
  ...[
    "",
    " ",
    "-0",
    "-1e400",
    "'x'",
    '"\\ufeff"',
    "undefined",
    "NaN",
    "01",
    "1_0",
    "0x10",
    "nul",
    "\ufeff{}",
    "/**/{}",
  ],
  ...[
    '{"":1}',
    '{"constructor":1}',
    '{"toString":1}',
    `${'{"a":'.repeat(1_000)}1${"}".repeat(1_000)}`,
    "[".repeat(60_000),
  ],
  ...[`"${"x".repeat(70_000)}"`, "{}{}", '{"name":1}\0'],
];

/** Texts of a query parameter, as they stand in a URL. */
export const ODD_TEXTS: readonly string[] = [
  ...[
    "",
    "%00",
    "%FF",
    "%ED%A0%80",
    "%",
    "%zz",
    "%F0%9F%98%80",
    "+",
    "%E2%80%AE",
    "null",
    "true",
    "-1",
    "0",
    "1e9",
    "1.5",
  ],
  ...["999999999999", "%27%3B--", "%25", "*", "[]", "a,b", ",", "2026-01-01T00:00:00%2B99:99", "0000-01-01T00:00:00Z"],
  ...[
    "9999-12-31T23:59:59.999999999Z",
    "2026-06-30T23:59:60Z",
    "x".repeat(5_000),
    `${"a,".repeat(500)}a`,
    "::",
    "fe80::1%25eth0",
  ],
  // Continuation tokens: no JSON, a list of one text, null, and a list of the right length.
  ...[
    "W10",
    "WzFd",
    "bnVsbA",
    "WzE2NjEwMDY3NzksIngiLCJ4Il0",
    "e30",
    "A".repeat(512),
    "531AF27A-614C-472F-8EDB-A0F9322F0838",
  ],
];
