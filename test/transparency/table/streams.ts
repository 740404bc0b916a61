// Streams, and connections that are reused, stale, or closed in the middle.
import { type Exchange, hasSeen, requestIsWhole } from "../exchange.ts";
import type { Step } from "../script.ts";
import { answer, chunk, earlyAnswer, exchange, LAST_CHUNK, OK, round, sizedAnswer } from "./build.ts";

const PAUSE: Step = { pauseMs: 50 };
const CHUNKED = ["Transfer-Encoding: chunked"];
const events = (parts: readonly string[]): Step[] => parts.flatMap((part) => [PAUSE, chunk(part)]);
/** Waits until the other side ends the connection. */
const UNTIL_ENDED: Step = { until: () => false };

const EVENTS = ["data: 1\n\n", "event: a\ndata: 2\n\n", ": comment\n\n", "id: 3\ndata: 3\n\n"];
const LINES = ['{"a":1}\n', '{"b":2}\n', '{"c":"\xc3\xa9"}\n'];

function streams(): Exchange[] {
  const stream = (type: string, parts: readonly string[]) => [
    ...answer("200 OK", [...CHUNKED, `Content-Type: ${type}`]),
    ...events(parts),
    LAST_CHUNK,
  ];
  return [
    exchange("a stream of events arrives event by event", "GET", {
      fields: [["Accept", "text/event-stream"]],
      answer: stream("text/event-stream", EVENTS),
    }),
    exchange("a stream of events to a POST arrives", "POST", {
      fields: [["Content-Length", "2"]],
      content: ["{}"],
      answer: stream("text/event-stream; charset=utf-8", EVENTS),
    }),
    exchange("a stream of JSON lines arrives", "GET", { answer: stream("application/x-ndjson", LINES) }),
    exchange("a stream of JSON documents to a POST arrives", "POST", {
      fields: [["Content-Length", "2"]],
      content: ["{}"],
      answer: stream("application/json-seq", LINES),
    }),
    exchange("a long poll is answered when there is something", "GET", {
      answer: [requestIsWhole, { pauseMs: 800 }, ...sizedAnswer("200 OK", [], "news").slice(1)],
    }),
    exchange("both directions of one exchange stream at once", "POST", {
      fields: [["Transfer-Encoding", "chunked"]],
      content: [chunk("ping"), hasSeen("pong 1"), chunk("ping 2"), hasSeen("pong 2"), LAST_CHUNK],
      answer: [
        hasSeen("ping"),
        ...earlyAnswer("200 OK", CHUNKED),
        chunk("pong 1"),
        hasSeen("ping 2"),
        chunk("pong 2"),
        requestIsWhole,
        LAST_CHUNK,
      ],
    }),
    exchange("a sized upload that breaks off while its answer streams stays broken off", "POST", {
      fields: [["Content-Length", "100000"]],
      content: ["ping", hasSeen("pong"), { end: "fin" }],
      answer: [hasSeen("ping"), ...earlyAnswer("200 OK", CHUNKED), chunk("pong"), requestIsWhole, LAST_CHUNK],
    }),
    exchange("a chunked upload that breaks off while its answer streams breaks the answer off", "POST", {
      fields: [["Transfer-Encoding", "chunked"]],
      content: [chunk("ping"), hasSeen("pong"), { end: "fin" }],
      answer: [hasSeen("ping"), ...earlyAnswer("200 OK", CHUNKED), chunk("pong"), requestIsWhole, UNTIL_ENDED],
    }),
    exchange("a stream of events that breaks off stays broken off", "GET", {
      answer: [
        ...answer("200 OK", [...CHUNKED, "Content-Type: text/event-stream"]),
        ...events(EVENTS),
        PAUSE,
        { end: "fin" },
      ],
    }),
    exchange("a client that leaves a stream ends it at the upstream", "GET", {
      content: [hasSeen("data: 1"), { end: "reset" }],
      answer: [...answer("200 OK", [...CHUNKED, "Content-Type: text/event-stream"]), chunk("data: 1\n\n"), UNTIL_ENDED],
    }),
    exchange("a client that leaves before the answer ends the request at the upstream", "GET", {
      content: [{ pauseMs: 100 }, { end: "reset" }],
      answer: [requestIsWhole, UNTIL_ENDED],
    }),
    exchange("a client that leaves before the answer to its POST ends the request at the upstream", "POST", {
      fields: [["Content-Length", "2"]],
      content: ["{}", { pauseMs: 100 }, { end: "reset" }],
      answer: [requestIsWhole, UNTIL_ENDED],
    }),
    exchange("trailer fields of an answer are announced", "GET", {
      fields: [["TE", "trailers"]],
      answer: [...answer("200 OK", [...CHUNKED, "Trailer: X-Own"]), chunk("hello"), "0\r\nX-Own: 1\r\n\r\n"],
    }),
    exchange("trailer fields of a request are announced", "POST", {
      fields: [
        ["Transfer-Encoding", "chunked"],
        ["Trailer", "X-Own"],
      ],
      content: [chunk("hello"), "0\r\nX-Own: 1\r\n\r\n"],
    }),
    exchange("early hints come before the answer", "GET", {
      answer: [requestIsWhole, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", ...OK.slice(1)],
    }),
    exchange("a client that expects a 100 gets it, and then its answer", "POST", {
      fields: [
        ["Expect", "100-continue"],
        ["Content-Length", "5"],
      ],
      content: [hasSeen("100 Continue"), "hello"],
      answer: ["HTTP/1.1 100 Continue\r\n\r\n", ...OK],
    }),
    exchange("a HEAD answer keeps its length", "HEAD", {
      answer: answer("200 OK", ["Content-Length: 1234", 'ETag: "1"']),
    }),
    exchange("a HEAD answer to a chunked resource has no body", "HEAD", { answer: answer("200 OK", CHUNKED) }),
    exchange("a 304 with the length of what it stands for has no body", "GET", {
      fields: [["If-None-Match", '"1"']],
      answer: answer("304 Not Modified", ['ETag: "1"', "Content-Length: 1234"]),
    }),
    exchange("an answer of 300 kB arrives whole", "GET", {
      answer: sizedAnswer("200 OK", [], "0123456789".repeat(30_000)),
    }),
  ];
}

/** Answers that end before they are complete, or before they begin. */
const BROKEN: Readonly<Record<string, readonly Step[]>> = {
  "before its status line": [{ end: "fin" }],
  "within its status line": ["HTTP/1.1 20", PAUSE, { end: "fin" }],
  "within its fields": ["HTTP/1.1 200 OK\r\nContent-Le", PAUSE, { end: "fin" }],
  "before its sized body": [...earlyAnswer("200 OK", ["Content-Length: 10"]), PAUSE, { end: "fin" }],
  "within its sized body": [...earlyAnswer("200 OK", ["Content-Length: 10"], "hello"), PAUSE, { end: "fin" }],
  "within its sized body, with a field to drop": [
    ...earlyAnswer("200 OK", ["Content-Length: 10", "Server: x"], "hello"),
    PAUSE,
    { end: "fin" },
  ],
  "before its first chunk": [...earlyAnswer("200 OK", CHUNKED), PAUSE, { end: "fin" }],
  "after a chunk": [...earlyAnswer("200 OK", CHUNKED), chunk("hello"), PAUSE, { end: "fin" }],
  "after a chunk, with a field to drop": [
    ...earlyAnswer("200 OK", [...CHUNKED, "Server: x"]),
    chunk("hello"),
    PAUSE,
    { end: "fin" },
  ],
  "within a chunk": [...earlyAnswer("200 OK", CHUNKED), "9\r\nhel", PAUSE, { end: "fin" }],
  "with a chunk size that is no number": [
    ...earlyAnswer("200 OK", CHUNKED),
    chunk("hello"),
    PAUSE,
    "zz\r\n",
    PAUSE,
    { end: "fin" },
  ],
};

function brokenAnswers(): Exchange[] {
  return Object.entries(BROKEN).flatMap(([where, steps]) =>
    (["fin", "reset"] as const).flatMap((end) =>
      ["GET", "POST"].map((method) =>
        exchange(
          `an answer to a ${method} that ends ${where} by ${end.toUpperCase()} stays broken off, asked once`,
          method,
          {
            answer: [requestIsWhole, ...steps.slice(0, -1), { end }],
          },
        ),
      ),
    ),
  );
}

/** What ends connections. The upstream ends some without a word, so that no other exchange may be under way. */
export function connectionExchanges(): Exchange[] {
  const methods = ["GET", "POST", "HEAD", "DELETE", "GET"];
  const closing: readonly Step[] = [...sizedAnswer("200 OK", [], "ok"), PAUSE, { end: "fin" }];
  const hello = sizedAnswer("200 OK", ["Connection: close"], "hello");
  return [
    {
      title: "one connection carries five requests",
      rounds: methods.map((method) => round(method, { answer: sizedAnswer("200 OK", [], "") })),
    },
    {
      title: "five requests find the connections of the upstream closed, and each reaches it once",
      // Direct, the first answer ends the client's connection; through the gateway, only the one behind it.
      rounds: methods.filter((method) => method !== "HEAD").map((method) => round(method, { answer: closing })),
    },
    exchange("an answer that ends with its connection arrives whole", "GET", {
      answer: [...answer("200 OK", ["Connection: close"], "hello"), { end: "fin" }],
    }),
    exchange("an answer of HTTP/1.0 arrives", "GET", {
      answer: [requestIsWhole, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", { end: "fin" }],
    }),
    exchange("an answer that announces the end of its connection arrives", "POST", {
      answer: [...hello, { end: "fin" }],
    }),
    exchange("a request that announces the end of its connection is answered", "GET", {
      fields: [["Connection", "close"]],
    }),
    exchange("an answer without a reason phrase arrives", "GET", {
      answer: answer("200 ", ["Content-Length: 2"], "ok"),
    }),
  ];
}

/** Everything that is about streams. */
export function streamExchanges(): Exchange[] {
  return [...streams(), ...brokenAnswers()];
}
