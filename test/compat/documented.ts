// Which row of the table in docs/request-flow.md a difference belongs to. A test compares the rows with the document.
import type { Difference } from "./compare.ts";

export interface Row {
  /** The row's second column. */
  readonly title: string;
  /** In the cells of the table; "" for what is so with every response. */
  readonly letter: string;
  /** What `compareResults` calls it. */
  readonly what: RegExp;
  /** Whether this one is such a difference. */
  readonly holds: (difference: Difference) => boolean;
}

const dropped = ({ through }: Difference) => through === null;

export const ROWS: readonly Row[] = [
  {
    title: "`Gatehouse-Request-Id`",
    letter: "",
    what: /^header gatehouse-request-id$/,
    holds: ({ direct }) => direct === null,
  },
  {
    title: "`Content-Security-Policy: sandbox`, `X-Content-Type-Options: nosniff`",
    letter: "",
    what: /^header (content-security-policy|x-content-type-options)$/,
    holds: ({ direct, through }) =>
      through === "nosniff" || through === (direct === null ? "sandbox" : `${direct}, sandbox`),
  },
  {
    title: "hop-by-hop fields, and those that `Connection` lists",
    letter: "",
    what: /^header (connection|keep-alive|trailer)$/,
    holds: () => true,
  },
  {
    title: "`Set-Cookie`, `Server`, `X-Powered-By`, `Alt-Svc` and others of the table above",
    letter: "",
    what: /^header (server|x-powered-by|access-control-.*)$/,
    holds: dropped,
  },
  {
    title: "`Cache-Control: public` and others that let a shared cache store a response",
    letter: "c",
    what: /^header cache-control$/,
    holds: ({ through }) => /\bprivate\b/.test(through ?? ""),
  },
  {
    // A client that asks for an upgrade to HTTP/2 gets it from a server, and not from the gateway.
    title: "version and reason phrase of the status line",
    letter: "v",
    what: /^header :status$/,
    holds: dropped,
  },
  {
    title: "`Transfer-Encoding` of an answer to HEAD, `Content-Length` of a 304",
    letter: "l",
    what: /^header (transfer-encoding|content-length)$/,
    holds: dropped,
  },
  {
    // A text that a server has made of the host it was asked for.
    title: "`Host`",
    letter: "h",
    what: /^body$/,
    holds: ({ direct, through }) => direct === through?.replace(/http:\/\/127\.0\.0\.1:\d+/g, "http://origin"),
  },
];

/** The row of a difference; `undefined`: it is not documented. */
export function rowOf(difference: Difference): Row | undefined {
  return ROWS.find(({ what, holds }) => what.test(difference.what) && holds(difference));
}
