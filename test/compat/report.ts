// The table of servers, clients and scenarios, as text.
import { ROWS, rowOf } from "./documented.ts";
import type { Played } from "./play.ts";

/** What came of one server: a list of scenarios for each client, by the client's name; or why a client has none. */
export interface ServerReport {
  readonly server: string;
  readonly clients: ReadonlyMap<string, readonly Played[] | string>;
}

/** A scenario's cell: its statuses and the letters of documented rows, or that something else differs. */
function cellOf({ statuses, differences }: Played): string {
  const rows = differences.map(rowOf);
  if (rows.includes(undefined)) return "**differs**";
  const letters = rows.flatMap((row) => (row?.letter ? [row.letter] : []));
  return [...statuses.map((status) => status || "×"), ...new Set(letters)].join(" ");
}

/** The differences that no documented row allows, a line for each. */
export function undocumented({ server, clients }: ServerReport): readonly string[] {
  return [...clients].flatMap(([client, played]) => {
    if (typeof played === "string") return [`${server}, ${client}: ${played}`];
    return played.flatMap(({ scenario, differences }) =>
      differences
        .filter((each) => rowOf(each) === undefined)
        .map(({ what, direct, through }) => {
          const [a, b] = [direct, through].map((value) => JSON.stringify(value)?.slice(0, 200));
          return `${server}, ${client}, ${scenario}: ${what}: ${a} direct, ${b} through the gateway`;
        }),
    );
  });
}

/** A table in Markdown: the scenarios of one server, by client. */
export function tableOf({ server, clients }: ServerReport): string {
  const columns = [...clients].filter((entry): entry is [string, readonly Played[]] => typeof entry[1] !== "string");
  const header = [server, ...columns.map(([client]) => client)];
  const rows = (columns[0]?.[1] ?? []).map(({ scenario }, index) => [
    scenario,
    ...columns.map(([, played]) => cellOf(played[index] as Played)),
  ]);
  const lines = [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `${lines.join("\n")}\n`;
}

const listOf = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join("\n");

/** The document with all tables. */
export function documentOf(reports: readonly ServerReport[], leftOut: readonly string[]): string {
  const letters = ROWS.filter(({ letter }) => letter !== "").map(({ letter, title }) => `${letter}: ${title}`);
  const always = ROWS.filter(({ letter }) => letter === "").map(({ title }) => title);
  const open = reports.flatMap(undocumented);
  const parts = [
    "# Servers and clients",
    "`npm run compat -- --write` has made this page: real clients send the same requests to real servers, direct and through\n" +
      "Gatehouse, and everything is compared that a client sees: status, final URL, headers, body, whether the parts of a stream\n" +
      "come one by one, and whether connections are used again. What is sent to the servers is compared byte by byte by another suite;\n" +
      "both have one list of [allowed differences](request-flow.md#what-differs-from-a-direct-exchange).",
    "A cell has the status of each response (×: the client has broken off, or has failed), which is the same on both ways.\n" +
      "Nothing differs but what that list says of every response:",
    listOf(always),
    `A letter is a row of the list that applies to this response as well:\n\n${listOf(letters)}`,
    "Every path is forwarded, but to etcd and RabbitMQ only what the tables have that were imported from their documents in\n" +
      "[test/compat/documents](../test/compat/documents); in that of RabbitMQ, names may hold an encoded slash.",
    "A server has the scenarios that it supports. Node's fetch sends `Cache-Control: no-cache` with its validators, to which some\n" +
      "servers answer 200. Every upload that is broken off must be missing from the server's list.",
    ...reports.map((report) => tableOf(report).trim()),
    open.length === 0 ? "Nothing else differs." : `Not on the list:\n\n${listOf(open)}`,
    ...(leftOut.length === 0 ? [] : [`Left out:\n\n${listOf(leftOut)}`]),
  ];
  return `${parts.join("\n\n")}\n`;
}

const DOCUMENTS = "\n## APIs from their documents\n";

/** The section of the page with a table of documents. */
export function documentsOf(table: string): string {
  const text =
    "`npm run compat -- --documents DIR --write` has made this table. Each document is imported as it is, and Prism serves it. Every\n" +
    "operation is called with values from the document: direct, with an Admin key and with a Viewer key. The response to the Admin\n" +
    "key is that of the direct call: status, type and body. A Viewer key passes what reads, and gets 403 `permission_missing` for what\n" +
    "changes something or reads a secret. Prism answers 422 where values that are made from a schema do not satisfy all of it, and\n" +
    "500 where a schema is too complex for it. What the import leaves out has a path that no request can have.";
  return `${DOCUMENTS}\n${text}\n\n${table}\n`;
}

/** The two parts of the page, each of which one command writes. */
export function partsOf(page: string): { readonly servers: string; readonly documents: string } {
  const at = page.indexOf(DOCUMENTS);
  return at === -1 ? { servers: page, documents: "" } : { servers: page.slice(0, at), documents: page.slice(at) };
}
