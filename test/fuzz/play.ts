// Plays random requests against a running Gatehouse, one after the other, and judges every response.
import { Agent, request as httpRequest } from "node:http";
import { text } from "node:stream/consumers";
import { ACCOUNT, OTHER_ACCOUNT, PROJECT } from "../support/gatehouse.ts";
import { type Random, seededRandom } from "../support/random.ts";
import { ROLE_IDS } from "../support/seed.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";
import { type Document, type Operation, operationsOf } from "./document.ts";
import { judgeBy, type Received } from "./judge.ts";
import { type Caller, type PlannedRequest, requestFor } from "./requests.ts";
import type { Kind, Known } from "./values.ts";

export interface Outcome {
  /** What no response may be, each with its request. */
  readonly findings: readonly string[];
  /** Responses by status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly operations: number;
  /** The operations of which no request succeeded. */
  readonly neverDone: readonly string[];
}

const LOOK_EVERY = 25;
const V1 = `/api/public/v1/accounts/${ACCOUNT}`;
const LISTS: Readonly<Record<Kind, string>> = {
  key: `${V1}/api-keys?status=ACTIVE`,
  role: `${V1}/roles`,
  list: `${V1}/projects/${PROJECT}/allow-lists`,
  operator: `${V1}/operators`,
  endpoint: `${V1}/endpoints`,
  approval: `${V1}/approvals`,
  event: `${V1}/audit/events?limit=20`,
};

/**
 * Sends so many requests, evenly over the operations of the document that the gateway itself publishes.
 *
 * @param seed of everything that is random in them, but the ids that Gatehouse makes
 */
export async function fuzz(seed: number, requests: number): Promise<Outcome> {
  const gateway = await startWorkerdGateway({
    vars: { ALLOW_LOOPBACK_ENDPOINTS: "true", ENDPOINT_RESOLVER_URL: "none" },
  });
  const random = seededRandom(seed);
  const agent = new Agent({ keepAlive: true });
  try {
    const published = await gateway.call(null, "/.well-known/gatehouse/openapi.json");
    return await play((await published.json()) as Document, { gateway, random, agent, requests });
  } finally {
    agent.destroy();
    await gateway.close();
  }
}

interface Run {
  readonly gateway: WorkerdGateway;
  readonly random: Random;
  readonly agent: Agent;
  readonly requests: number;
}

async function play(document: Document, run: Run): Promise<Outcome> {
  const { gateway, random, agent, requests } = run;
  const operations = operationsOf(document);
  const judge = judgeBy(document);
  const findings: string[] = [];
  const statuses: Record<string, number> = {};
  const done = new Set<string>();
  const turns = operations.flatMap((operation) => Array(isCreation(operation) ? 3 : 1).fill(operation) as Operation[]);
  for (const name of ["ada", "bob"]) await makeOperator(gateway, name);
  let tokens = await callers(gateway);
  let known = await look(gateway, tokens);
  // Whether a request has ended the key that makes them.
  let lost = false;
  for (let i = 0; i < requests; i += 1) {
    if (i % LOOK_EVERY === LOOK_EVERY - 1 || lost) {
      tokens = await renewed(run);
      known = await look(gateway, tokens);
    }
    // Every operation in turn; what is created keeps pace with what is ended and deleted.
    const operation = turns[(i * STRIDE) % turns.length] as Operation;
    const planned = requestFor(operation, { document, random, known, receiver: gateway.upstream.url });
    const response = await send(gateway.port, agent, planned, tokens[planned.caller]);
    lost = planned.caller === "admin" && response.status === 401;
    if (response.status < 300) done.add(operation.operationId);
    statuses[response.status] = (statuses[response.status] ?? 0) + 1;
    for (const what of judge(planned, response)) findings.push(`${what}: ${describe(planned, response)}`);
  }
  const neverDone = operations.map(({ operationId }) => operationId).filter((id) => !done.has(id));
  return { findings, statuses, operations: operations.length, neverDone };
}

/** Coprime to the number of turns, so that all of them come. */
const STRIDE = 29;
const isCreation = ({ operationId }: Operation) => operationId.startsWith("create");

type Tokens = Readonly<Record<Caller, string | null>>;

const CALLER_NAMES: ReadonlySet<string> = new Set(["admin", "viewer", "revoked"]);

async function callers(gateway: WorkerdGateway): Promise<Tokens> {
  const admin = await gateway.key({ name: "admin" });
  const viewer = await gateway.key({ name: "viewer", role: "Viewer" });
  const neighbor = await gateway.key({ name: "neighbor", accountId: OTHER_ACCOUNT });
  const revoked = await gateway.key({ name: "revoked", revokedAt: 1 });
  const tokens = { admin: admin.token, viewer: viewer.token, neighbor: neighbor.token, revoked: revoked.token };
  return { ...tokens, nobody: null, forger: `${admin.token.slice(0, -4)}AAAA` };
}

/** A policy takes `second_person` only where two operators can manage keys. */
async function makeOperator({ env }: WorkerdGateway, name: string): Promise<void> {
  const sql = `INSERT INTO operators (id, account_id, name, email, role_id, expire_after_hours, created_at, updated_at, created_by_name)
    VALUES (?, ?, ?, ?, ?, 0, 0, 0, 'test')`;
  const values = [crypto.randomUUID(), ACCOUNT, name, `${name}@example.com`, ROLE_IDS.Admin];
  await env.DB.prepare(sql)
    .bind(...values)
    .run();
}

/** Other keys, since requests end and narrow those before; and at times a policy that asks a second person for changes. */
async function renewed({ gateway, random }: Run): Promise<Tokens> {
  const policy = random.below(3) === 0 ? '{"second_person":true}' : "{}";
  await gateway.env.DB.prepare("UPDATE accounts SET policy = ?, version = version + 1").bind(policy).run();
  return callers(gateway);
}

/** The ids of what the account holds now. */
async function look(gateway: WorkerdGateway, { admin }: Tokens): Promise<Known> {
  const found = Object.entries(LISTS).map(async ([kind, path]) => {
    const { data } = (await (await gateway.call(admin, path)).json()) as { data: readonly Item[] };
    // Few, so that requests meet at the same ones; the keys of the requests themselves only when there is nothing else.
    const others = data.filter(({ spec }) => !CALLER_NAMES.has(spec?.name ?? ""));
    const few = (others.length > 0 ? others : data).slice(0, 6);
    return [kind, few.map(({ info, id, audit_event_id }) => info?.id ?? id ?? audit_event_id)];
  });
  return Object.fromEntries(await Promise.all(found)) as Known;
}

interface Item {
  readonly spec?: { readonly name: string };
  readonly info?: { readonly id: string };
  readonly id?: string;
  readonly audit_event_id?: string;
}

function send(port: number, agent: Agent, planned: PlannedRequest, token: string | null): Promise<Received> {
  const { path, headers, body } = planned;
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const length = body === null ? {} : { "content-length": Buffer.byteLength(body) };
  const sent = { ...headers, ...authorization, ...length, "cf-connecting-ip": "192.0.2.7" };
  const { promise, resolve, reject } = Promise.withResolvers<Received>();
  const options = { host: "127.0.0.1", port, agent, path, method: planned.operation.method, headers: sent };
  const request = httpRequest(options, async (response) => {
    const { statusCode = 0, headers } = response;
    resolve({ status: statusCode, headers, text: await text(response).catch(() => "broken off") });
  });
  request.on("error", reject);
  request.end(body ?? undefined);
  return promise;
}

function describe({ operation, caller, path, headers, body }: PlannedRequest, response: Received): string {
  const { method, operationId } = operation;
  const sent = `${method} ${path} ${JSON.stringify(headers)} ${body ?? ""}`.slice(0, 700);
  return `${operationId} by ${caller}: ${sent} -> ${response.status} ${response.text.slice(0, 400)}`;
}
