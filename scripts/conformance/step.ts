// One request of a case: sent, observed at the upstream, and its response decoded and read as the CLI does.
import type * as z from "zod";
import type { Gatehouse } from "../../test/support/gatehouse.ts";
import type { Case, Step, Suite } from "./cases.ts";
import { decode, type RawResponse, readsOf, shapeOf } from "./client.ts";
import { forwardingProblems, respondWith, responseChanges } from "./forwarding.ts";
import { anything, apiError } from "./models.ts";
import { takeFrom } from "./responses.ts";
import { fillIn, nameFor, type Scope } from "./scope.ts";

/** Everything that all cases share. */
export interface Stage {
  readonly suite: Suite;
  readonly models: Readonly<Record<string, z.ZodType>>;
  readonly gatehouse: Gatehouse;
  readonly adminKey: string;
  readonly expiredKey: string;
}

/** One sending of a step. */
export interface Exchange extends Stage {
  readonly key: string;
  readonly scope: Scope;
  readonly source: Case;
  readonly step: Step;
  readonly query: URLSearchParams;
  /** The name of the list that this request looks for, when the command names one. */
  readonly listName: string | null;
  /** The CLI's error message when this is the last request and fails. */
  readonly message: string | undefined;
}

/** Sends a step and checks everything about it. @returns the problems */
export async function playStep(exchange: Exchange): Promise<readonly string[]> {
  const { step, scope, gatehouse, suite, key, query, models } = exchange;
  const { id, method, template } = step.operation;
  const path = fillIn(template, scope);
  if (path === null) return ["no response has an id of its path"];
  const target = query.size > 0 ? `${path}?${query}` : path;
  const spec = specOf(step, scope);
  const body = spec === null ? "" : JSON.stringify(spec);
  const fixture = step.fixture === undefined ? new Uint8Array() : suite.fixture(step.fixture);
  const status = step.respond ?? 200;
  const received = respondWith(gatehouse.upstream, status, fixture);
  const response = await fetch(gatehouse.url + target, {
    method,
    headers: headersOf(suite, key, body),
    body: body || null,
    redirect: "manual",
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const raw = { status: response.status, contentType: response.headers.get("content-type"), bytes };
  const isForwarded = !(id in models) && status !== 401;
  const problems = isForwarded
    ? [
        ...forwardingProblems({ method, target, body, key }, received),
        ...responseChanges(raw, response.headers, status, fixture),
      ]
    : received.map((each) => `the upstream received ${each.method} ${each.target}`);
  return problems.length > 0 ? problems : readResponse(exchange, raw, fixture, spec);
}

/** The body of the case with its open values filled in; `null`: no body. Its only remark in place of one is for a role. */
function specOf({ body }: Step, scope: Scope): Record<string, unknown> | null {
  if (body === undefined || body === null) return null;
  const group = { resource_type: "READ_REPLICA", operation_groups: [{ operation_group: "READ" }] };
  const spec = typeof body === "object" ? { ...body } : { name: "...", permissions: [group] };
  const filled: Record<string, unknown> = {
    name: "name" in spec && nameFor(scope, String(spec.name)),
    role_id: scope.ids.get("roleId"),
    allow_list_info: scope.chosenLists,
  };
  return Object.fromEntries(Object.entries(spec).map(([name, value]) => [name, filled[name] ?? value]));
}

function headersOf(suite: Suite, key: string, body: string): Headers {
  const filled = Object.entries(suite.headers).map(([name, value]): [string, string] => [
    name,
    value.replace("<YBM_APIKEY>", key).replace("<version>", "0.1.32"),
  ]);
  return new Headers(filled.filter(([name]) => name !== "Content-Type" || body !== ""));
}

/** The client's side: status, decoding, the shape of the fixture, the members that are read, the CLI's own checks. */
function readResponse(exchange: Exchange, raw: RawResponse, fixture: Uint8Array, spec: unknown): readonly string[] {
  const { step, models } = exchange;
  const { id } = step.operation;
  const isExpected = step.respond === undefined ? raw.status < 300 : raw.status === step.respond;
  if (!isExpected) return [unexpectedStatus(raw, step.respond)];
  const shapes = fixture.length === 0 ? [] : [shapeOf(JSON.parse(new TextDecoder().decode(fixture)))];
  if (raw.status >= 300) return errorProblems(exchange, decode(raw, [apiError, ...shapes]), fixture);

  const model = models[id] ?? anything;
  const { value, problems } = decode(raw, [model, ...shapes, ...step.reads.map(readsOf)]);
  if (problems.length > 0 || step.response_body === "ignored") return problems;
  if (value === undefined) return model === anything ? [] : ["body: missing, the CLI reads it"];
  return takeFrom(id, value, spec, exchange);
}

type ErrorBody = { readonly error: { readonly detail: string } };

function errorProblems({ message }: Exchange, { value, problems }: ReturnType<typeof decode>, fixture: Uint8Array) {
  if (problems.length > 0) return problems;
  if (value === undefined) return ["an error without a body: the CLI prints the status line only"];
  const { detail } = (value as ErrorBody).error;
  const wanted = fixture.length === 0 ? detail : JSON.parse(new TextDecoder().decode(fixture)).error.detail;
  if (detail !== wanted) return [`detail ${JSON.stringify(detail)}, wanted ${wanted}`];
  return message?.includes(detail) === false ? [`detail ${JSON.stringify(detail)} is not in the CLI's message`] : [];
}

function unexpectedStatus({ status, bytes }: RawResponse, wanted: string | number = "2xx"): string {
  const detail = /"detail": *"(.*?)"/.exec(new TextDecoder().decode(bytes))?.[1] ?? "no detail";
  return `status ${status} (${detail}), wanted ${wanted}`;
}
