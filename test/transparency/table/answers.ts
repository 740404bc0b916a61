// Statuses, fields, ranges and validators of answers.
import type { Exchange } from "../exchange.ts";
import type { Field } from "../message.ts";
import { answer, chunk, exchange, LAST_CHUNK, type Parts, sizedAnswer } from "./build.ts";

/** Registered, and a few of each class that nobody has registered. */
const STATUSES = [
  ...[200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 299],
  ...[300, 301, 302, 303, 304, 305, 307, 308, 399],
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418],
  ...[421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499],
  ...[500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 599],
];
const CONTENTLESS = new Set([204, 304]);

function statuses(): Exchange[] {
  return STATUSES.flatMap((status) => {
    const body = CONTENTLESS.has(status) || status === 205 ? "" : `{"status":${status}}`;
    const fields = ["Content-Type: application/problem+json", 'ETag: "1"', "X-Own: 1"];
    const steps = CONTENTLESS.has(status)
      ? answer(`${status} Some Reason`, fields)
      : sizedAnswer(`${status} Some Reason`, fields, body);
    return [
      exchange(`an answer with status ${status} arrives as it was sent`, "GET", { answer: steps }),
      exchange(`a POST that is answered with status ${status} gets that answer, once`, "POST", {
        fields: [["Content-Length", "2"]],
        content: ["{}"],
        answer: steps,
      }),
    ];
  });
}

/** Statuses that HTTP does not have, or that nobody has asked for. */
function invalid(): Exchange[] {
  return [600, 700, 999, 101].flatMap((status) =>
    ["GET", "POST", "DELETE"].flatMap((method) =>
      [[], ["Server: x"]].map((extra) =>
        exchange(
          `${method} that is answered with ${status}${extra.length > 0 ? " and a field to drop" : ""} is a 502, sent once`,
          method,
          {
            answer:
              status === 101
                ? answer("101 Switching Protocols", ["Connection: Upgrade", "Upgrade: other", ...extra])
                : answer(`${status} Odd`, ["Content-Length: 0", ...extra]),
          },
        ),
      ),
    ),
  );
}

const FIELDS: readonly (readonly [what: string, lines: readonly string[]])[] = [
  ["one field on two lines", ["X-Own: a", "X-Own: b"]],
  ["one name in two cases", ["X-Own: a", "x-oWN: b"]],
  ["an empty value", ["X-Own:"]],
  ["a value of 8 kB", [`X-Own: ${"v".repeat(8_000)}`]],
  ["a value in UTF-8", ["X-Own: \xc3\xa9"]],
  ["a value in Latin-1", ["X-Own: \xe9\xff"]],
  ["a value in Latin-1 beside a field to drop", ["X-Own: \xe9\xff", "X-Own: b", "Server: x"]],
  ["two challenges", ['WWW-Authenticate: Basic realm="a"', 'WWW-Authenticate: Bearer realm="b"']],
  ["two Vary lines", ["Vary: Accept", "Vary: Origin"]],
  ["two Link lines", ["Link: </a>; rel=next", 'Link: </b>; rel="prev"']],
  ["a Retry-After", ["Retry-After: 120"]],
  ["rate limits", ["RateLimit: limit=1", "X-RateLimit-Remaining: 0"]],
  ["a content disposition", ["Content-Disposition: attachment; filename*=UTF-8''%e2%82%ac"]],
  ["a relative location", ["Location: next?a=1#b"]],
  ["a location on this host", ["Location: /next"]],
  ["a location with a comma and a blank", ["Location: ?ids=1, 2"]],
  ["a location in Latin-1", ["Location: /caf\xe9"]],
  ["a location elsewhere", ["Location: https://elsewhere.example/x"]],
  ["its own security policy", ["X-Frame-Options: DENY", "Referrer-Policy: no-referrer"]],
  ["public caching", ["Cache-Control: public, s-maxage=60, max-age=60"]],
  ["a must-revalidate", ["Cache-Control: must-revalidate, max-age=60"]],
  ["private caching", ["Cache-Control: private, max-age=60", "Expires: 0", "Age: 3"]],
  ["what may not go out", ["Set-Cookie: a=1", "Set-Cookie: b=2", "Server: x", "X-Powered-By: y", "Alt-Svc: h3=x"]],
  ["a field that Connection lists", ["Connection: close, X-Hop", "X-Hop: 1", "X-Own: 1"]],
  ["a Connection with words that are no names", ["Connection: keep-alive,, foo bar, X-Hop", "X-Hop: 1", "X-Own: 1"]],
  ["a Refresh", ["Refresh: 5; url=/next"]],
  ["an empty Link", ["Link:"]],
  ["sixty fields", Array.from({ length: 60 }, (_, i) => `X-Own-${i}: ${i}`)],
];

const range = (value: string, extra: readonly Field[] = []): readonly Field[] => [["Range", value], ...extra];
const PART = ["Content-Range: bytes 0-4/11", 'ETag: "1"', "Accept-Ranges: bytes", "Content-Type: text/plain"];
const MULTI =
  "--b\r\nContent-Range: bytes 0-1/11\r\n\r\nhe\r\n--b\r\nContent-Range: bytes 4-5/11\r\n\r\no \r\n--b--\r\n";

const RANGES: Readonly<Record<string, Parts>> = {
  "a range of bytes": { fields: range("bytes=0-4"), answer: sizedAnswer("206 Partial Content", PART, "hello") },
  "a suffix of bytes": {
    fields: range("bytes=-5"),
    answer: sizedAnswer("206 Partial Content", ["Content-Range: bytes 6-10/11"], "world"),
  },
  "two ranges": {
    fields: range("bytes=0-1, 4-5"),
    answer: sizedAnswer("206 Partial Content", ["Content-Type: multipart/byteranges; boundary=b"], MULTI),
  },
  "a range that cannot be satisfied": {
    fields: range("bytes=50-"),
    answer: sizedAnswer("416 Range Not Satisfiable", ["Content-Range: bytes */11"], ""),
  },
  "a range that is ignored": { fields: range("lines=1-2"), answer: sizedAnswer("200 OK", [], "hello world") },
  "a range on a condition": {
    fields: range("bytes=0-4", [["If-Range", '"1"']]),
    answer: sizedAnswer("206 Partial Content", PART, "hello"),
  },
  "a range in chunks": {
    fields: range("bytes=0-4"),
    answer: [
      ...answer("206 Partial Content", ["Transfer-Encoding: chunked", ...PART]),
      Buffer.concat([chunk("hello"), Buffer.from(LAST_CHUNK)]),
    ],
  },
};

const VALIDATORS: readonly (readonly [name: string, value: string])[] = [
  ["If-None-Match", '"1"'],
  ["If-None-Match", 'W/"1", "2"'],
  ["If-None-Match", "*"],
  ["If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT"],
  ["If-Match", '"1"'],
  ["If-Match", "*"],
  ["If-Unmodified-Since", "Mon, 01 Jan 2024 00:00:00 GMT"],
  ["Cache-Control", "no-cache"],
  ["Cache-Control", "max-age=0, only-if-cached"],
  ["Pragma", "no-cache"],
];
const TAGS = ['ETag: "1"', 'ETag: W/"1"', "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT"];
const CONDITIONAL = [
  ["304 Not Modified", answer("304 Not Modified", ["Cache-Control: private"])],
  ["200 OK", sizedAnswer("200 OK", ["Cache-Control: private"], "hello")],
  ["412 Precondition Failed", sizedAnswer("412 Precondition Failed", [], "no")],
] as const;

function validators(): Exchange[] {
  return VALIDATORS.flatMap(([name, value]) =>
    CONDITIONAL.flatMap(([status], index) => {
      const tag = TAGS[index % TAGS.length] as string;
      const steps = index === 0 ? answer(status, [tag]) : sizedAnswer(status, [tag], "hello");
      const parts = { fields: [[name, value]] as const, answer: steps };
      return [exchange(`${name}: ${value} gets its ${status}, with ${tag}`, index === 2 ? "PUT" : "GET", parts)];
    }),
  );
}

/** Everything that is about the answer but for its coding. */
export function answerExchanges(): Exchange[] {
  return [
    ...statuses(),
    ...invalid(),
    ...FIELDS.map(([what, lines]) =>
      exchange(`an answer with ${what} keeps its fields`, "GET", { answer: sizedAnswer("200 OK", lines, "hello") }),
    ),
    ...Object.entries(RANGES).map(([what, parts]) => exchange(`a request for ${what} gets its answer`, "GET", parts)),
    ...validators(),
  ];
}
