// What may differ through the gateway, and why. docs/request-flow.md has the same list; a test compares the two.
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { Difference } from "./compare.ts";
import { type Observed, type Round, requestIsWhole } from "./exchange.ts";
import { fieldValue } from "./message.ts";

/** Both plays of a round, for a rule that has to look at more than one difference. */
export interface Pair {
  readonly round: Round;
  readonly direct: Observed;
  readonly through: Observed;
}

/** What stands for the origin of the upstream and of the gateway in the table. */
const UPSTREAM = "http://upstream.example";
const GATEWAY = "http://api.example";

export interface AllowedDifference {
  readonly side: Difference["side"];
  /** As `docs/request-flow.md` says it. */
  readonly title: string;
  readonly reason: string;
  /** What `compare` calls it. */
  readonly what: RegExp;
  /** Whether this one is such a difference; left out: any of that name is. */
  readonly holds?: (difference: Difference, pair: Pair) => boolean;
}

const dropped = ({ through }: Difference) => through === null;
const added = ({ direct }: Difference) => direct === null;
const isJwt = ({ through }: Difference) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(through ?? "");

/** A client without a readable coding: RFC 9110 section 12.5.3, but a client that names none gets none. */
const isDecoded = (_: Difference, { direct, through }: Pair) => {
  const [sent, got] = [direct.response.final, through.response.final];
  if (sent === null || got === null || fieldValue(got.fields, "content-encoding") !== null) return false;
  if (/no-transform/i.test(fieldValue(sent.fields, "cache-control") ?? "") || sent.startLine.includes(" 206 "))
    return false;
  const coding = fieldValue(sent.fields, "content-encoding")?.toLowerCase().replace("x-", "");
  const decode = coding === "gzip" ? gunzipSync : coding === "br" ? brotliDecompressSync : null;
  return decode !== null && (sent.body.length === 0 ? got.body.length === 0 : decode(sent.body).equals(got.body));
};

/** The answer's first bytes are not preceded by a wait for the whole request. */
const isEarly = (_: Difference, { round }: Pair) => round.content.length > 1 && round.answer[0] !== requestIsWhole;

const endsWithConnection = (_: Difference, { direct }: Pair) => direct.response.final?.framing === "close";

export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [
  {
    side: "request",
    title: "`Host`",
    reason: "names the upstream's host; the client's is in `X-Forwarded-Host` and `Forwarded`",
    what: /^field host$/,
  },
  {
    side: "request",
    title: "`Authorization`",
    reason: "the API key stays at the gateway; `UPSTREAM_AUTHORIZATION` takes its place where it is set",
    what: /^field authorization$/,
    holds: dropped,
  },
  {
    side: "request",
    title: "`Gatehouse-Identity`, `Gatehouse-Operation`, `Gatehouse-Request-Id`",
    reason: "set by the gateway: who asks, for what, and the id of the log line",
    what: /^field gatehouse-(identity|operation|request-id)$/,
    holds: (difference) => added(difference) && (!difference.what.endsWith("identity") || isJwt(difference)),
  },
  {
    side: "request",
    title: "`X-Forwarded-For`, `X-Forwarded-Host`, `X-Forwarded-Proto`, `Forwarded`",
    reason: "set by the gateway: the address, host and scheme that the client has used (RFC 7239)",
    what: /^field (x-forwarded-(for|host|proto)|forwarded)$/,
    holds: added,
  },
  {
    side: "request",
    title: "`CF-Worker`",
    reason: "added by the platform to every request of a Worker",
    what: /^field cf-worker$/,
    holds: added,
  },
  {
    side: "request",
    title: "hop-by-hop fields, and those that `Connection` lists",
    reason: "are for one connection only (RFC 9110 section 7.6.1)",
    what: /^field (connection|x-hop|te|trailer)$/,
    holds: dropped,
  },
  {
    side: "request",
    title: "`Expect`",
    reason: "the runtime has answered it with 100 already",
    what: /^field expect$/,
    holds: dropped,
  },
  {
    side: "request",
    title: "`Content-Length: 0` where there is no content",
    reason: "the runtime says so of a method that may have content (RFC 9110 section 8.6)",
    what: /^(field content-length|framing)$/,
    holds: ({ what, direct, through }) =>
      what === "framing" ? direct === "none" && through === "length" : direct === null && through === "0",
  },
  {
    side: "request",
    title: "`Content-Length: 0` of a GET or HEAD",
    reason: "is no content (RFC 9110 section 8.6), and left out by the runtime",
    what: /^(field content-length|framing)$/,
    holds: ({ what, direct, through }, { round }) =>
      /^(GET|HEAD)$/.test(round.method) &&
      (what === "framing" ? through === "none" : direct === "0" && through === null),
  },
  {
    side: "request",
    title: "how much of a body arrives that is broken off",
    reason: "has no meaning: it is broken off on both sides",
    what: /^(body|chunk sizes)$/,
    holds: (_, { direct, through }) =>
      direct.arrivals[0]?.brokenOff !== null && through.arrivals[0]?.brokenOff !== null,
  },
  {
    side: "request",
    title: "a request that is broken off",
    reason: "may not reach the upstream at all: a short body is read before anything is sent",
    what: /^number of requests$/,
    holds: ({ through }, { direct }) => through === "0" && direct.arrivals[0]?.brokenOff !== null,
  },
  {
    side: "request",
    title: "order of fields with different names, and the case of names",
    reason: "have no meaning (RFC 9110 sections 5.1 and 5.3)",
    what: /^(order of fields|case of field names)$/,
  },
  {
    side: "request",
    title: "several lines of one field",
    reason: "are one line with commas, which means the same (RFC 9110 section 5.3)",
    what: /^repetition of fields$/,
    holds: ({ direct, through }) => direct?.split("\n").join(", ") === through,
  },
  {
    side: "request",
    title: "sizes of chunks",
    reason: "belong to one connection (RFC 9112 section 7.1)",
    what: /^chunk sizes$/,
  },
  {
    side: "request",
    title: "trailer fields",
    reason: "the runtime has no interface for them; RFC 9110 section 6.5.1 lets a recipient drop them",
    what: /^trailers$/,
    holds: ({ through }) => through === "",
  },
  {
    side: "request",
    title: "the rest of a body after an early answer",
    reason:
      "the runtime ends the request with the answer; a body in chunks ends as complete there, and no interface of the runtime breaks it off once the answer has begun",
    what: /^(body|chunk sizes|completeness|end|abandoned by the client)$/,
    holds: isEarly,
  },
  {
    side: "answer",
    title: "interim responses",
    reason: "the runtime answers `Expect` itself, and has no interface for others (RFC 9110 section 15.2)",
    what: /^interim responses$/,
  },
  {
    side: "answer",
    title: "the gateway's answer in place of none, or of one that is not valid HTTP",
    reason: "502 `upstream_unreachable`, 502 `upstream_invalid`, 504 `upstream_timeout`, 400 `request_incomplete`",
    what: /^answer of the gateway: (upstream_unreachable|upstream_invalid|request_incomplete)$/,
    holds: ({ what, direct }) =>
      what.endsWith("invalid") ? / (101|[6-9]\d\d) /.test(direct ?? "") : direct === "none",
  },
  {
    side: "answer",
    title: "version and reason phrase of the status line",
    reason: "the version is the connection's own",
    what: /^start line$/,
    holds: ({ direct, through }) => direct?.replace("HTTP/1.0", "HTTP/1.1") === through,
  },
  {
    side: "answer",
    title: "`Gatehouse-Request-Id`",
    reason: "set by the gateway: the id that the log has",
    what: /^field gatehouse-request-id$/,
    holds: added,
  },
  {
    side: "answer",
    title: "`Content-Security-Policy: sandbox`, `X-Content-Type-Options: nosniff`",
    reason:
      "set by the gateway: an answer of the upstream does not act as a page of this origin; `UPSTREAM_SERVES_PAGES` lets it",
    what: /^field (content-security-policy|x-content-type-options)$/,
    holds: added,
  },
  {
    side: "answer",
    title: "hop-by-hop fields, and those that `Connection` lists",
    reason: "are for one connection only (RFC 9110 section 7.6.1)",
    what: /^field (connection|x-hop|trailer|upgrade)$/,
  },
  {
    side: "answer",
    title: "`Set-Cookie`, `Server`, `X-Powered-By`, `Alt-Svc` and others of the table above",
    reason: "would set state in a browser for the gateway's origin, or speak for this hop",
    what: /^field (set-cookie|server|x-powered-by|alt-svc)$/,
    holds: dropped,
  },
  {
    side: "answer",
    title: "a body that ends with its connection",
    reason: "comes in chunks, so that its end can be told from a break",
    what: /^(framing|field transfer-encoding|chunk sizes|connection afterwards)$/,
    holds: endsWithConnection,
  },
  {
    side: "answer",
    title: "a coded body that the client cannot read",
    reason:
      "is decoded: the platform asks upstreams for gzip and br whatever the client accepts; its `ETag` becomes weak, its digests are dropped",
    what: /^(body|framing|chunk sizes|field (content-encoding|content-length|transfer-encoding|etag|content-digest|repr-digest|digest|content-md5|accept-ranges|vary))$/,
    holds: isDecoded,
  },
  {
    side: "answer",
    title: "`Cache-Control: public` and others that let a shared cache store a response",
    reason: "becomes `private`: two clients may get two responses from one URL (RFC 9111 section 3.5)",
    what: /^field cache-control$/,
    holds: ({ through }) => /\bprivate\b/.test(through ?? "") && !/public|s-maxage/.test(through ?? ""),
  },
  {
    side: "answer",
    title: "URLs of the upstream in `Location`, `Content-Location`, `Link`, `Refresh`, `Operation-Location` and others",
    reason:
      "lead through the gateway, so that no client takes its key to an inner address; those of bytes that are not UTF-8, and two in one field, are left out",
    what: /^field (location|content-location|link|refresh|operation-location|azure-asyncoperation)$/,
    holds: ({ direct, through }) => direct?.replaceAll(UPSTREAM, GATEWAY) === through,
  },
  {
    side: "answer",
    title: "`Transfer-Encoding` of an answer to HEAD, `Content-Length` of a 304",
    reason: "the runtime leaves out what stands for no content here (RFC 9110 section 8.6)",
    what: /^field (transfer-encoding|content-length)$/,
    holds: (difference, { round, direct }) =>
      dropped(difference) &&
      (difference.what === "field transfer-encoding"
        ? round.method === "HEAD"
        : direct.response.final?.startLine.includes(" 304 ") === true),
  },
  {
    side: "answer",
    title: "order of fields with different names, and the case of names",
    reason: "have no meaning (RFC 9110 sections 5.1 and 5.3)",
    what: /^(order of fields|case of field names)$/,
  },
  {
    side: "answer",
    title: "several lines of one field that the runtime knows",
    reason: "are one line with commas, which means the same (RFC 9110 section 5.3)",
    what: /^repetition of fields$/,
    holds: ({ direct, through }) => direct?.split("\n").join(", ") === through,
  },
  {
    side: "answer",
    title: "an empty list in a field that the runtime knows, as in `Link:`",
    reason: "is left out by the runtime, which means the same (RFC 9110 section 5.6.1)",
    what: /^field link$/,
    holds: (difference) => dropped(difference) && difference.direct === "",
  },
  {
    side: "answer",
    title: "how much of a body arrives that is broken off",
    reason: "has no meaning: it is broken off on both sides",
    what: /^(body|chunk sizes)$/,
    holds: (_, { direct, through }) =>
      direct.response.final?.complete === false && through.response.final?.complete === false,
  },
  {
    side: "answer",
    title: "trailer fields",
    reason: "the runtime has no interface for them; RFC 9110 section 6.5.1 lets a recipient drop them",
    what: /^trailers$/,
    holds: ({ through }) => through === "",
  },
  {
    side: "answer",
    title: "sizes of chunks",
    reason: "belong to one connection (RFC 9112 section 7.1)",
    what: /^chunk sizes$/,
  },
  {
    side: "answer",
    title: "whether a complete answer ends its connection",
    reason: "each side has connections of its own (RFC 9112 section 9.3)",
    what: /^connection afterwards$/,
    holds: (_, { direct, through }) =>
      direct.response.final?.complete === true && through.response.final?.complete === true,
  },
];

/** The differences that no entry of the list allows. */
export function forbidden(differences: readonly Difference[], pair: Pair): readonly Difference[] {
  return differences.filter(
    (difference) =>
      !ALLOWED_DIFFERENCES.some(
        ({ side, what, holds = () => true }) =>
          side === difference.side && what.test(difference.what) && holds(difference, pair),
      ),
  );
}
