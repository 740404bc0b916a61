// Every operation of an OpenAPI document behind the table that was imported from it, with Prism as its server: the response
// through the gateway is that of a direct call, and a Viewer key does what reads and nothing else.
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isObject, parseOpenApi, readText } from "../../scripts/api/document.ts";
import { importDocument } from "../../scripts/api/import.ts";
import { startImported } from "./imported.ts";
import { keyHeaders, type SampleRequest, sampleRequest } from "./sample-request.ts";
import { SCRATCH } from "./scratch.ts";
import { SERVERS, startServer } from "./servers.ts";

/** What came of one document. */
export interface DocumentReport {
  readonly document: string;
  readonly operations: number;
  /** Those that the import leaves out. */
  readonly leftOut: number;
  /** How often each status was the answer to a direct call. */
  readonly statuses: ReadonlyMap<number, number>;
  /** The operations whose response was the same with an Admin key. */
  readonly same: number;
  /** Those of a Viewer key: the same response; denied as a change; denied although it reads. */
  readonly viewer: { readonly passes: number; readonly changes: number; readonly secrets: number };
  /** Whatever was otherwise, a line for each. */
  readonly problems: readonly string[];
}

const CREDENTIAL = "Bearer example";

/**
 * Plays all operations of a document.
 *
 * @throws Error when Prism cannot be had, or the document not be imported
 */
export async function playDocument(file: string): Promise<DocumentReport> {
  const prism = SERVERS.find(({ name }) => name === "prism")?.prepare();
  if (prism === undefined) throw new Error("no server prism");
  const text = await readText(file);
  const document = parseOpenApi(text);
  const { operations, prefix, placed, leftOut } = await importDocument(text);
  const served = join(SCRATCH, `served-${basename(file)}.json`);
  writeFileSync(served, belowPrefix(document.root, prefix));
  // The last argument is the document.
  const server = await startServer((port) => prism.command(port).with(-1, served));
  const headers = keyHeaders(document);
  const upstream = `http://127.0.0.1:${server.port}`;
  const vars = { UPSTREAM_URL: upstream, UPSTREAM_AUTHORIZATION: CREDENTIAL, FORWARD_HEADERS: headers.join(",") };
  const gateway = await startImported({ file }, vars);
  try {
    const [admin, viewer] = await Promise.all([gateway.key(), gateway.key({ role: "Viewer" })]);
    const through = `http://127.0.0.1:${gateway.port}`;
    const statuses = new Map<number, number>();
    const problems: string[] = [];
    const count = { same: 0, passes: 0, changes: 0, secrets: 0 };
    for (const operation of operations) {
      const request = withKeys(sampleRequest(document, operation), headers);
      const direct = await answerTo(upstream, request, CREDENTIAL);
      const asAdmin = await answerTo(through, request, `Bearer ${admin.token}`);
      const asViewer = await answerTo(through, request, `Bearer ${viewer.token}`);
      statuses.set(direct.status, (statuses.get(direct.status) ?? 0) + 1);
      const isSame = (answer: Answer) => answer.compared === direct.compared;
      const isSecret = operation.permission !== null && placed.get(operation.permission)?.sensitive === true;
      const expected = operation.effect === "mutating" ? "changes" : isSecret ? "secrets" : "passes";
      const isExpected = expected === "passes" ? isSame(asViewer) : asViewer.denial === "permission_missing";
      if (isSame(asAdmin)) count.same += 1;
      else problems.push(`${operation.operationId}: ${direct.compared} direct, ${asAdmin.compared} with an Admin key`);
      if (isExpected) count[expected] += 1;
      else problems.push(`${operation.operationId}: ${asViewer.compared} with a Viewer key, expected: ${expected}`);
    }
    const { same, ...viewers } = count;
    return {
      ...{ document: basename(file), operations: operations.length, leftOut: leftOut.length },
      ...{ statuses, same, viewer: viewers, problems },
    };
  } finally {
    await Promise.all([gateway.close(), server.close()]);
  }
}

/** The table of all documents, in Markdown. */
export function documentsTable(reports: readonly DocumentReport[]): string {
  const rows = reports.map(({ document, operations, leftOut, statuses, same, viewer }) => {
    const counts = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
    return [document, operations, leftOut, counts.join(", "), same, viewer.passes, viewer.changes, viewer.secrets];
  });
  const header = [
    "document",
    "operations",
    "left out",
    "statuses",
    "same as direct",
    "Viewer passes",
    "changes denied",
    "secrets denied",
  ];
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A document with its prefix in its paths, since Prism serves none of its `servers`. */
function belowPrefix(root: Readonly<Record<string, unknown>>, prefix: string): string {
  const paths = Object.entries(isObject(root.paths) ? root.paths : {}).map(([path, item]) => [prefix + path, item]);
  return JSON.stringify({ ...root, servers: undefined, basePath: undefined, paths: Object.fromEntries(paths) });
}

function withKeys(request: SampleRequest, headers: readonly string[]): SampleRequest {
  return {
    ...request,
    headers: { ...request.headers, ...Object.fromEntries(headers.map((name) => [name, "example"])) },
  };
}

interface Answer {
  readonly status: number;
  /** Status, media type and body, as far as they are compared. */
  readonly compared: string;
  /** The code of a denial. */
  readonly denial: string | undefined;
}

async function answerTo(origin: string, request: SampleRequest, authorization: string): Promise<Answer> {
  const { method, path, headers, body } = request;
  const init = { method, headers: { ...headers, authorization }, redirect: "manual" as const };
  const response = await fetch(origin + path, body === undefined ? init : { ...init, body });
  const text = await response.text();
  const denial = response.headers.has("gatehouse-request-id") ? /"code":"(\w+)"/.exec(text)?.[1] : undefined;
  const type = response.headers.get("content-type") ?? "";
  return { status: response.status, compared: `${response.status} ${type} ${text}`, denial };
}
