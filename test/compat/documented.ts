// Which row of the table in docs/request-flow.md a difference belongs to. A test compares the rows with the document.
import type { Difference } from "./compare.ts";

export interface Row {
  /** The row's second column. */
  readonly title: string;
  /** In the cells of the table; "" for what is so with every response. */
  readonly letter: string;
  readonly allows: (difference: Difference) => boolean;
}

const isHeader = ({ what }: Difference, ...names: readonly string[]) => names.some((name) => what === `header ${name}`);

export const ROWS: readonly Row[] = [
  {
    title: "`Gatehouse-Request-Id`",
    letter: "",
    allows: (each) => isHeader(each, "gatehouse-request-id") && each.direct === null,
  },
  {
    title: "`Content-Security-Policy: sandbox`, `X-Content-Type-Options: nosniff`",
    letter: "",
    allows: (each) =>
      isHeader(each, "content-security-policy")
        ? each.through === (each.direct === null ? "sandbox" : `${each.direct}, sandbox`)
        : isHeader(each, "x-content-type-options") && each.through === "nosniff",
  },
  {
    title: "hop-by-hop fields, and those that `Connection` lists",
    letter: "",
    allows: (each) => isHeader(each, "connection", "keep-alive", "trailer"),
  },
  {
    title: "`Set-Cookie`, `Server`, `X-Powered-By`, `Alt-Svc` and others of the table above",
    letter: "",
    allows: (each) =>
      each.through === null &&
      (isHeader(each, "server", "x-powered-by") || each.what.startsWith("header access-control-")),
  },
  {
    title: "`Cache-Control: public` and others that let a shared cache store a response",
    letter: "c",
    allows: (each) => isHeader(each, "cache-control") && /\bprivate\b/.test(each.through ?? ""),
  },
  {
    title: "`Transfer-Encoding` of an answer to HEAD, `Content-Length` of a 304",
    letter: "l",
    allows: (each) => isHeader(each, "transfer-encoding", "content-length") && each.through === null,
  },
  {
    // A text that a server has made of the host it was asked for.
    title: "`Host`",
    letter: "h",
    allows: (each) => each.what === "body" && each.direct === inOwnWords(each.through),
  },
];

function inOwnWords(text: string | null): string | undefined {
  return text?.replace(/http:\/\/127\.0\.0\.1:\d+/g, "http://origin");
}

/** The row of a difference; `undefined`: it is not documented. */
export function rowOf(difference: Difference): Row | undefined {
  return ROWS.find(({ allows }) => allows(difference));
}
