// Requests for the operations of a document: as it describes them, or with one odd part.
import { ACCOUNT, OTHER_ACCOUNT, PROJECT } from "../support/gatehouse.ts";
import { ODD_BODIES, ODD_TEXTS } from "../support/odd-values.ts";
import type { Operation } from "./document.ts";
import { idFor, oddTextOf, type Source, sampleOf } from "./values.ts";

export type Caller = "admin" | "nobody" | "forger" | "viewer" | "neighbor" | "revoked";

export interface PlannedRequest {
  readonly operation: Operation;
  readonly caller: Caller;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** An entity tag that no resource has. */
export const NO_TAG = '"no such version"';

const ODD_IDS = [
  "x",
  "0",
  "-",
  "~",
  "@",
  "a:b",
  "null",
  "__proto__",
  "'",
  "(1)",
  "*",
  "x".repeat(1_500),
  "a%2Fb",
  "..;",
  "%00",
];
const ODD_HEADERS: Readonly<Record<string, readonly string[]>> = {
  "content-type": ["text/plain", "", "application/json; charset=latin1", "application/x-www-form-urlencoded", "x"],
  "content-encoding": ["gzip", "br", "identity", "x"],
  accept: ["application/x-ndjson", "text/html", "", "*/*;q=0"],
  "if-match": ["", "x", NO_TAG, 'W/"1"', '"1","2"', "*", ",", '"'],
  "if-none-match": ["*", '"1"', 'W/"1"', ""],
  "idempotency-key": ["", "x".repeat(300), "ü", "i1"],
  range: ["bytes=0-1"],
  expect: ["100-continue"],
  "gatehouse-account": ["", "x", OTHER_ACCOUNT],
  cookie: ["CF_Authorization=x"],
  origin: ["https://page.example", "null"],
};
const CALLERS: readonly Caller[] = ["nobody", "forger", "viewer", "neighbor", "revoked"];

type Part = "nothing" | "body" | "raw body" | "query" | "header" | "path";
const PARTS: readonly Part[] = [
  "nothing",
  "nothing",
  "nothing",
  "body",
  "body",
  "body",
  "raw body",
  "query",
  "header",
  "path",
];

/** Plans one request of an operation. */
export function requestFor(operation: Operation, source: Source): PlannedRequest {
  const { random } = source;
  const odd = random.pick(PARTS.filter((part) => has(operation, part) || random.below(8) === 0));
  const header: Record<string, string> = {};
  for (const { name, schema } of operation.parameters.filter((each) => each.in === "header")) {
    if (random.below(5) > 0) continue;
    // The bytes of UTF-8: node:http writes each character as one byte.
    header[name.toLowerCase()] = Buffer.from(String(sampleOf(schema, name, source))).toString("latin1");
  }
  const body = bodyFor(operation, odd, source);
  if (body !== null) header["content-type"] = "application/json";
  if (odd === "header") {
    const name = random.pick(Object.keys(ODD_HEADERS));
    header[name] = random.pick(ODD_HEADERS[name] as readonly string[]);
  }
  const caller = random.below(15) === 0 ? random.pick(CALLERS) : "admin";
  const path = pathFor(operation, odd === "path", source) + queryFor(operation, odd === "query", source);
  return { operation, caller, path, headers: header, body };
}

function has({ parameters, requestBody }: Operation, part: Part): boolean {
  if (part === "body" || part === "raw body") return requestBody !== undefined;
  return part !== "query" || parameters.some((each) => each.in === "query");
}

function pathFor({ path, parameters }: Operation, odd: boolean, source: Source): string {
  const { random } = source;
  const names = parameters.filter((each) => each.in === "path").map(({ name }) => name);
  const oddName = odd && names.length > 0 ? random.pick(names) : null;
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === oddName) return random.pick(ODD_IDS);
    if (name === "accountId") return random.below(60) === 0 ? OTHER_ACCOUNT : ACCOUNT;
    return name === "projectId" ? PROJECT : idFor(name, source);
  });
}

function queryFor({ parameters }: Operation, odd: boolean, source: Source): string {
  const { random } = source;
  const all = parameters.filter((each) => each.in === "query");
  // Few at once: many filters find nothing.
  const given = all.filter(() => random.below(all.length + 2) < 2);
  const pairs = given.map(({ name, schema }) => [name, encodeURIComponent(String(sampleOf(schema, name, source)))]);
  if (odd) pairs.push([random.pick([...all.map(({ name }) => name), "odd", "%00", ""]), random.pick(ODD_TEXTS)]);
  return pairs.length === 0 ? "" : `?${pairs.map(([name, text]) => `${name}=${text}`).join("&")}`;
}

function bodyFor({ requestBody }: Operation, odd: Part, source: Source): string | null {
  const { random } = source;
  if (requestBody === undefined) return odd === "raw body" ? random.pick(["{}", "x", "[]"]) : null;
  if (odd === "raw body") return random.pick([null, ...ODD_BODIES]);
  if (!requestBody.required && random.below(3) === 0) return null;
  const value = sampleOf(requestBody.content["application/json"].schema, "", source);
  return odd === "body" ? oddTextOf(value, random) : JSON.stringify(value);
}
