// One request of a case: sent, observed at the upstream, and its response decoded and read as the CLI does.
import { bodyOf, bodyProblems } from "./bodies.ts";
import type { Case, Step, Suite } from "./cases.ts";
import { anything, type Decoder, decode, type RawResponse } from "./client.ts";
import { CONTENT_TYPE, type FixtureUpstream, forwardingProblems, MARK } from "./fixture-upstream.ts";
import type { Gateway } from "./gateway.ts";
import { apiError } from "./models.ts";
import { takeFrom } from "./responses.ts";
import { fillIn, type Scope } from "./scope.ts";
import { readProblems, shapeProblems } from "./shape.ts";

export interface Stage {
  readonly suite: Suite;
  readonly models: Readonly<Record<string, Decoder>>;
  readonly gateway: Gateway;
  readonly upstream: FixtureUpstream;
}

/** One sending of a step that is sent once per something. */
export interface Round {
  readonly ids: Readonly<Record<string, string>>;
  readonly listName: string | null;
}

interface Sending extends Stage {
  readonly key: string;
  readonly scope: Scope;
  readonly source: Case;
  readonly step: Step;
  readonly round: Round;
  readonly query: URLSearchParams;
  readonly message: string | null;
}

const SERVED: ReadonlySet<string> = new Set([
  ...["listApiKeys", "createApiKey", "getApiKey", "revokeApiKey"],
  ...["listNetworkAllowLists", "createNetworkAllowList", "getNetworkAllowList", "deleteNetworkAllowList"],
  ...["listRbacRoles", "createRole", "getRole", "updateRole", "deleteRole", "listResourcePermissions"],
]);

/** Whether Gatehouse answers an operation itself: with the shape of the fixture, and other values. */
const isServed = (operationId: string): boolean => SERVED.has(operationId);

/** Sends a step and checks everything about it. @returns the problems */
export async function playStep(sending: Sending): Promise<readonly string[]> {
  const { step, scope, upstream, suite, key } = sending;
  const { id, method, template } = step.operation;
  const path = fillIn(template, scope);
  if (path === null) return ["no response has an id of its path"];
  const body = bodyOf(id, sending.source.flags, scope);
  const differences = bodyProblems(body, step.body, scope);
  if (differences.length > 0) return differences;

  const fixture = step.fixture === null ? new Uint8Array() : suite.fixture(step.fixture);
  const status = step.status ?? 200;
  const isForwarded = !isServed(id) && step.status !== 401;
  if (isForwarded) upstream.prepare({ status, bytes: fixture });
  const target = sending.query.size > 0 ? `${path}?${sending.query}` : path;
  const sent = { method, target, body: body === undefined ? "" : JSON.stringify(body), key };
  const response = await send(sending, sent);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const raw = { status: response.status, contentType: response.headers.get("content-type"), bytes };
  const received = upstream.takeReceived();
  const problems = isForwarded
    ? [...forwardingProblems(sent, received), ...changesOf(raw, response.headers.get(MARK.name), status, fixture)]
    : received.map((each) => `the upstream received ${each.method} ${each.target}`);
  return problems.length > 0 ? problems : readResponse(sending, raw, fixture, body);
}

function send({ suite, gateway }: Sending, sent: { method: string; target: string; body: string; key: string }) {
  const { method, target, body, key } = sent;
  const headers = Object.entries(suite.headers)
    .filter(([name]) => name !== "Content-Type" || body !== "")
    .map(([name, value]) => [name, value.replace("<YBM_APIKEY>", key).replace("<version>", "0.1.32")]);
  const init = { method, headers: Object.fromEntries(headers), body: body || null, redirect: "manual" } as const;
  return fetch(new URL(target, gateway.url), init);
}

/** The changes of the gateway to a response of the upstream. */
function changesOf(raw: RawResponse, mark: string | null, status: number, fixture: Uint8Array): string[] {
  return [
    raw.status === status ? "" : `status ${raw.status}, the upstream sent ${status}`,
    Buffer.compare(raw.bytes, fixture) === 0 ? "" : "the body is not the upstream's, byte for byte",
    mark === MARK.value ? "" : `the upstream's header ${MARK.name} is gone`,
    fixture.length === 0 || raw.contentType === CONTENT_TYPE ? "" : `Content-Type ${raw.contentType}`,
  ].filter(Boolean);
}

/** The client's side: status, decoding, the shape of the fixture, the members that are read, the CLI's own checks. */
function readResponse(sending: Sending, raw: RawResponse, fixture: Uint8Array, body: unknown): readonly string[] {
  const { step, source, models, round } = sending;
  const { id } = step.operation;
  const wanted = step.responseIgnored ? null : step.status;
  if (wanted === null ? raw.status >= 300 : raw.status !== wanted) return [unexpectedStatus(raw, wanted)];
  const example = fixture.length === 0 ? null : JSON.parse(new TextDecoder().decode(fixture));
  if (raw.status >= 300) return errorProblems(sending, raw, example);

  const model = models[id] ?? anything;
  const { value, problems } = decode(raw, model);
  if (problems.length > 0 || step.responseIgnored) return problems;
  if (value === undefined) return model === anything ? [] : ["body: missing, the CLI reads it"];
  const shape = isServed(id) && example !== null ? shapeProblems(value, example) : [];
  const read = [...shape, ...step.reads.flatMap((place) => readProblems(value, place))];
  if (read.length > 0) return [...new Set(read)];
  const { flags, words } = source;
  return takeFrom(id, value, { ...sending, body, flags, words, listName: round.listName });
}

type ErrorBody = { readonly error: { readonly detail: string } };

function errorProblems({ message }: Sending, raw: RawResponse, example: ErrorBody | null): readonly string[] {
  const { value, problems } = decode(raw, apiError);
  if (problems.length > 0) return problems;
  if (value === undefined) return ["an error without a body: the CLI prints the status line only"];
  const shape = example === null ? [] : shapeProblems(value, example);
  if (shape.length > 0) return shape;
  const { detail } = (value as ErrorBody).error;
  const wanted = example?.error.detail ?? detail;
  if (detail !== wanted) return [`detail ${JSON.stringify(detail)}, wanted ${wanted}`];
  return message?.includes(detail) === false ? [`detail ${JSON.stringify(detail)} is not in the CLI's message`] : [];
}

function unexpectedStatus(raw: RawResponse, wanted: number | null): string {
  const { value } = decode(raw, apiError);
  const detail = (value as { error?: { detail?: unknown } } | undefined)?.error?.detail;
  return `status ${raw.status}${typeof detail === "string" ? ` (${detail})` : ""}, wanted ${wanted ?? "2xx"}`;
}
