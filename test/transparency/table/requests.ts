// Methods x bodies, and the targets and fields of requests.
import type { Exchange } from "../exchange.ts";
import type { Field } from "../message.ts";
import type { Step } from "../script.ts";
import { chunk, earlyAnswer, exchange, LAST_CHUNK, type Parts } from "./build.ts";

const CHUNKED: Field = ["Transfer-Encoding", "chunked"];
const sized = (length: number): Field => ["Content-Length", String(length)];
const LONG = Buffer.alloc(300_000, "0123456789abcdef");
const PAUSE: Step = { pauseMs: 60 };

/** What a request may bring with it, by a few words. */
const BODIES: Readonly<Record<string, Parts>> = {
  "no body": {},
  "a body of length 0": { fields: [sized(0)] },
  "a sized body": { fields: [sized(13), ["Content-Type", "application/json"]], content: ['{"a":"b","c"}'] },
  "a sized body of all bytes": {
    fields: [sized(256)],
    content: [Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
  },
  "a sized body of 300 kB": { fields: [sized(LONG.length)], content: [LONG] },
  "a body in one chunk": { fields: [CHUNKED], content: [chunk("hello"), LAST_CHUNK] },
  "a body in many chunks": {
    fields: [CHUNKED],
    content: [...Array.from({ length: 40 }, (_, i) => chunk(`part ${i};`)), LAST_CHUNK],
  },
  "a chunked body of 300 kB": { fields: [CHUNKED], content: [chunk(LONG), LAST_CHUNK] },
  "an empty chunked body": { fields: [CHUNKED], content: [LAST_CHUNK] },
  "a slow sized body": { fields: [sized(10)], content: ["hello", PAUSE, "world"] },
  "a slow chunked body": { fields: [CHUNKED], content: [chunk("hello"), PAUSE, chunk("world"), PAUSE, LAST_CHUNK] },
  "an early answer to a sized body": {
    fields: [sized(10)],
    content: ["hello", { pauseMs: 150 }, "world"],
    answer: earlyAnswer("413 Content Too Large", ["Content-Length: 5"], "large"),
  },
  "an early answer to a chunked body": {
    fields: [CHUNKED],
    content: [chunk("hello"), { pauseMs: 150 }, LAST_CHUNK],
    answer: earlyAnswer("403 Forbidden", ["Content-Length: 2"], "no"),
  },
};

/** Bodies that end before they are complete. */
const BROKEN: Readonly<Record<string, Parts>> = {
  "a chunked body that ends before its first chunk": { fields: [CHUNKED], content: [PAUSE] },
  "a chunked body that ends after one chunk": { fields: [CHUNKED], content: [chunk("hello"), PAUSE] },
  "a chunked body that ends after 40 chunks": {
    fields: [CHUNKED],
    content: [...Array.from({ length: 40 }, (_, i) => chunk(`part ${i};`)), PAUSE],
  },
  "a chunked body that ends within a chunk": { fields: [CHUNKED], content: [chunk("hello"), "9\r\nhal", PAUSE] },
  "a sized body that ends within": { fields: [sized(100)], content: ["hello", PAUSE] },
  "a sized body that never begins": { fields: [sized(100)], content: [PAUSE] },
};

function broken(): Exchange[] {
  const found: Exchange[] = [];
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
    for (const [what, parts] of Object.entries(BROKEN)) {
      for (const end of ["fin", "reset"] as const)
        found.push(
          exchange(`${method} with ${what} by ${end.toUpperCase()} stays broken off`, method, {
            ...parts,
            content: [...(parts.content ?? []), { end }],
          }),
        );
    }
    const garbage = { fields: [CHUNKED], content: [chunk("hello"), PAUSE, "zz\r\n", PAUSE, { end: "fin" } as const] };
    found.push(exchange(`${method} with a chunk size that is no number stays broken off`, method, garbage));
  }
  return found;
}

function whole(): Exchange[] {
  const bodyless = Object.entries(BODIES).slice(0, 2);
  return ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"].flatMap((method) =>
    (method === "GET" || method === "HEAD" ? bodyless : Object.entries(BODIES)).map(([what, parts]) =>
      exchange(`${method} with ${what} arrives as it was sent`, method, parts),
    ),
  );
}

const TARGETS = [
  "/",
  "/x/",
  "/x?",
  "/x?a=1&a=2&a[]=3",
  "/x?a=%41&b=%2e%2e%2f&c=%zz&d=+",
  "/x?q=/../y&r=//other.example",
  "/x?a=b?c=d",
  "/x?(round)&*&;semi;colon&|pipe&{curly}&[square]&back\\slash&^caret&`tick`",
  "/a-b._~!$&()*+,=:@c/d",
  `/x?${"long=".padEnd(4_000, "q")}`,
];

const FIELDS: readonly (readonly [what: string, fields: readonly Field[]])[] = [
  ["a field of its own", [["X-Own", "a, b"]]],
  [
    "one field on three lines",
    [
      ["X-Own", "a"],
      ["X-Own", "b"],
      ["X-Own", "c"],
    ],
  ],
  [
    "one name in two cases",
    [
      ["X-Own", "a"],
      ["x-oWN", "b"],
    ],
  ],
  ["an empty value", [["X-Own", ""]]],
  ["a value of 8 kB", [["X-Own", "v".repeat(8_000)]]],
  ["sixty fields", Array.from({ length: 60 }, (_, i): Field => [`X-Own-${i}`, String(i)])],
  ["a value in UTF-8", [["X-Own", "\xc3\xa9\xe2\x82\xac"]]],
  ["a value in Latin-1", [["X-Own", "\xe9"]]],
  [
    "values in Latin-1 and UTF-8, on several lines",
    [
      ["X-Own", "\xe9\xff"],
      ["X-Own", "\xc3\xa9"],
      ["X-Other", "a"],
    ],
  ],
  ["a name of every allowed kind of character", [["X!#$%&'*+-.^`|~9", "a"]]],
  ["quotes, commas and semicolons in a value", [["Accept", 'text/html;q="0.5", */*;q=0.1;v="a,b"']]],
  [
    "content negotiation",
    [
      ["Accept", "text/csv"],
      ["Accept-Language", "de;q=0.5"],
      ["Accept-Charset", "utf-8"],
    ],
  ],
  [
    "a field that Connection lists",
    [
      ["X-Hop", "a"],
      ["Connection", "keep-alive, X-Hop"],
    ],
  ],
  [
    "a user agent, an origin and a referrer",
    [
      ["User-Agent", "cli/1 (x)"],
      ["Origin", "https://a.example"],
      ["Referer", "https://a.example/b"],
    ],
  ],
  [
    "a trace",
    [
      ["Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
      ["Tracestate", "a=1"],
    ],
  ],
  [
    "an idempotency key and a priority",
    [
      ["Idempotency-Key", '"k"'],
      ["Priority", "u=1"],
      ["Prefer", "wait=10"],
    ],
  ],
];

/** Everything that is about the request. */
export function requestExchanges(): Exchange[] {
  return [
    ...whole(),
    ...broken(),
    ...TARGETS.map((target) =>
      exchange(`GET ${target.slice(0, 60)} keeps its target byte for byte`, "GET", { target }),
    ),
    ...FIELDS.map(([what, fields]) => exchange(`a request with ${what} keeps its fields`, "GET", { fields })),
  ];
}
