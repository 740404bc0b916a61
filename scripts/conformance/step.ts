// One request of a case: sent, watched on its way through the door, decoded, and read as the CLI reads it.
import { takeFrom } from "./answers.ts";
import { bodyFaults, bodyOf } from "./bodies.ts";
import type { Case, Step, Suite } from "./cases.ts";
import { type Answer, anything, type Decoder, decode } from "./client.ts";
import { CONTENT_TYPE, type FixtureUpstream, MARK, passageFaults } from "./fixture-upstream.ts";
import type { Door } from "./gatehouse.ts";
import { apiError } from "./models.ts";
import { placesRead } from "./reads.ts";
import { fillIn, type Scope } from "./scope.ts";
import { readFaults, shapeFaults } from "./shape.ts";

export interface Stage {
  readonly suite: Suite;
  readonly models: Readonly<Record<string, Decoder>>;
  readonly door: Door;
  /** `null`: somebody else's upstream stands behind the door, and only shapes are checked. */
  readonly upstream: FixtureUpstream | null;
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
  readonly complaint: string | null;
}

// The operations that the door answers itself, among all that the cases and the clients know.
const SERVED: ReadonlySet<string> = new Set([
  ...["listApiKeys", "createApiKey", "getApiKey", "revokeApiKey"],
  ...["listNetworkAllowLists", "createNetworkAllowList", "getNetworkAllowList", "deleteNetworkAllowList"],
  ...["listRbacRoles", "createRole", "getRole", "updateRole", "deleteRole", "listResourcePermissions"],
]);

/** Whether the door answers an operation itself. The fixture's values cannot come back then, but its shape must. */
export const isServed = (operationId: string): boolean => SERVED.has(operationId);

export async function playStep(sending: Sending): Promise<readonly string[]> {
  const { step, scope, upstream, suite, key } = sending;
  const path = fillIn(step.operation.template, scope);
  if (path === null) return ["no answer has told an id of its path"];
  const target = sending.query.size > 0 ? `${path}?${sending.query}` : path;
  const body = bodyOf(step.operation.id, sending.source.flags, scope);
  const misfit = bodyFaults(body, step.body, scope);
  if (misfit.length > 0) return misfit;

  const fixture = step.fixture === null ? new Uint8Array() : suite.fixture(step.fixture);
  const passes = upstream !== null && !isServed(step.operation.id) && step.status !== 401;
  if (passes) upstream.layOut({ status: step.status ?? 200, bytes: fixture });
  const sent = { method: step.operation.method, target, body: body === undefined ? "" : JSON.stringify(body), key };
  const response = await send(sending, sent);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const answer = { status: response.status, contentType: response.headers.get("content-type"), bytes };
  const received = upstream?.takeReceived() ?? [];
  const faults = passes
    ? [...passageFaults(sent, received), ...changed(answer, response, step.status ?? 200, fixture)]
    : received.map(({ method, target: seen }) => `the upstream received ${method} ${seen}`);
  return faults.length > 0 ? faults : weigh(sending, answer, fixture, body);
}

function send({ suite, door: gateway }: Sending, sent: { method: string; target: string; body: string; key: string }) {
  const headers = Object.entries(suite.headers).flatMap(([name, value]) => {
    const filled = value.replace("<YBM_APIKEY>", sent.key).replace("<version>", "0.1.32");
    return name === "Content-Type" && sent.body === "" ? [] : [[name, filled] as [string, string]];
  });
  const { method, target } = sent;
  return fetch(new URL(target, gateway.url), { method, headers, body: sent.body || null, redirect: "manual" });
}

/** What the door changed of an answer that was not its own. */
function changed(answer: Answer, response: Response, status: number, fixture: Uint8Array): string[] {
  const faults: string[] = [];
  if (answer.status !== status) faults.push(`status ${answer.status}, the upstream sent ${status}`);
  if (Buffer.compare(answer.bytes, fixture) !== 0) faults.push("the body is not the upstream's, byte for byte");
  if (response.headers.get(MARK.name) !== MARK.value) faults.push(`the upstream's header ${MARK.name} is gone`);
  if (fixture.length > 0 && answer.contentType !== CONTENT_TYPE) faults.push(`Content-Type ${answer.contentType}`);
  return faults;
}

/** The client's side: status, decoding, the shape of the fixture, the places that are read, the checks after. */
function weigh(sending: Sending, answer: Answer, fixture: Uint8Array, body: unknown): readonly string[] {
  const { step, source } = sending;
  const wanted = step.answerIgnored ? null : step.status;
  if (wanted === null ? answer.status >= 300 : answer.status !== wanted) return [unexpected(answer, wanted)];
  const example = fixture.length === 0 ? null : JSON.parse(new TextDecoder().decode(fixture));
  if (answer.status >= 300) return complaintFaults(sending, answer, example);

  const { value, faults } = decode(answer, sending.models[step.operation.id] ?? anything);
  if (faults.length > 0 || step.answerIgnored) return faults;
  const places = placesRead(source.words, step);
  const shape = isServed(step.operation.id) && example !== null ? shapeFaults(value, example) : [];
  const read = [...shape, ...places.flatMap((place) => readFaults(value, place))];
  if (read.length > 0 || (places.length === 0 && value === undefined)) return [...new Set(read)];
  const { flags, words } = source;
  return takeFrom(step.operation.id, value, { ...sending, body, flags, words, listName: sending.round.listName });
}

function complaintFaults({ complaint }: Sending, answer: Answer, example: unknown): readonly string[] {
  const { value, faults } = decode(answer, apiError);
  if (faults.length > 0) return faults;
  if (value === undefined) return ["an error without a body: the CLI prints the status line only"];
  const shape = example === null ? [] : shapeFaults(value, example);
  if (shape.length > 0) return shape;
  const { detail } = (value as { error: { detail: string } }).error;
  const wanted = (example as { error: { detail: string } } | null)?.error.detail;
  if (wanted !== undefined && detail !== wanted) return [`detail ${JSON.stringify(detail)}, wanted ${wanted}`];
  return complaint?.includes(detail) === false ? [`detail ${JSON.stringify(detail)} is not in the complaint`] : [];
}

function unexpected(answer: Answer, wanted: number | null): string {
  const { value } = decode(answer, apiError);
  const detail = (value as { error?: { detail?: unknown } } | undefined)?.error?.detail;
  return `status ${answer.status}${typeof detail === "string" ? ` (${detail})` : ""}, wanted ${wanted ?? "2xx"}`;
}
