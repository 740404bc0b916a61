// Writes src/admin/openapi.json: OpenAPI 3.1 of every operation that Gatehouse answers, made from the schemas that check
// bodies and queries, so that it cannot say anything else than the door does.
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import * as z from "zod/mini";
import { type KnownOperation, OPERATIONS } from "../src/core/routing/operations.ts";
import { COMPONENTS, CONTRACTS, type Contract, ERRORS } from "./openapi-operations.ts";

const TARGET = new URL("../src/admin/openapi.json", import.meta.url);

type Json = Readonly<Record<string, unknown>>;

/** The whole document, as it is committed and served. */
export function openapiDocument(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of OPERATIONS) {
    if (operation.handledBy !== "gatehouse") continue;
    const method = operation.method.toLowerCase();
    paths[operation.path] = {
      ...paths[operation.path],
      [method]: describe(operation, CONTRACTS[operation.operationId]),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Gatehouse",
      version: "1",
      description: "The operations that Gatehouse itself answers. Every other call goes to the API behind it.",
    },
    security: [{ apiKey: [] }],
    paths,
    components: { securitySchemes: { apiKey: SECURITY }, schemas: schemas(), responses: errorResponses() },
  };
}

const SECURITY = {
  type: "http",
  scheme: "bearer",
  bearerFormat: "JWT",
  description: "An API key, as the answer to its creation has shown it once.",
};

function schemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(COMPONENTS)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { io: "input", uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(made.schemas).map(([id, schema]) => [id, withoutHeads(schema)]));
}

function describe(operation: KnownOperation, contract: Contract): Json {
  const path = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: "path", required: true },
    schema: { type: "string", format: "uuid" },
  }));
  const permission = operation.permission === null ? "any valid key" : `the permission ${operation.permission}`;
  const holder = "selfParam" in operation && operation.selfParam ? ", or the key itself" : "";
  return {
    operationId: operation.operationId,
    tags: [contract.tag],
    summary: contract.summary,
    description: `${contract.description ?? ""} Needs ${permission}${holder}.`.trim(),
    parameters: [...path, ...queryParameters(contract), ...(contract.headers ?? [])],
    ...(contract.body ? { requestBody: requestBody(contract.body) } : {}),
    responses: { ...success(contract), ...errors(contract) },
  };
}

function queryParameters({ query }: Contract): readonly Json[] {
  if (query === undefined) return [];
  return Object.entries(query.shape).map(([name, type]) => {
    const schema = withoutHeads(z.toJSONSchema(type, { io: "input" }));
    const list = schema.type === "array" ? { style: "form", explode: false } : {};
    return { name, in: "query", required: false, ...list, schema };
  });
}

function requestBody({ schema, required, example }: NonNullable<Contract["body"]>): Json {
  return { required, content: { "application/json": { schema: reference(schema), ...(example ? { example } : {}) } } };
}

function success({ answer }: Contract): Json {
  if (answer === null) return { 204: { description: "Done; there is nothing to say." } };
  const { example, description } = answer;
  const type = answer.as === "lines" ? "application/x-ndjson" : "application/json";
  const content = { [type]: { schema: bodyOf(answer), ...(example ? { example } : {}) } };
  return { 200: { description, headers: NO_STORE, content } };
}

const NO_STORE = { "cache-control": { schema: { type: "string", const: "no-store" } } };

function bodyOf(answer: NonNullable<Contract["answer"]>): Json {
  const inner = reference(answer.schema);
  if (answer.as === "whole" || answer.as === "lines") return inner;
  const data = answer.as === "list" ? { type: "array", items: inner } : inner;
  const properties = answer.as === "list" ? { data, _metadata: reference("Metadata") } : { data };
  return { type: "object", properties, required: Object.keys(properties) };
}

function errors(contract: Contract): Json {
  const statuses = [401, 403, 503, ...(contract.errors ?? [])].sort((a, b) => a - b);
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/Error${status}` }]));
}

function errorResponses(): Json {
  const schema = reference("ErrorAnswer");
  return Object.fromEntries(
    Object.entries(ERRORS).map(([status, { description, example }]) => [
      `Error${status}`,
      { description, content: { "application/json": { schema, example } } },
    ]),
  );
}

function reference(name: keyof typeof COMPONENTS): Json {
  return { $ref: `#/components/schemas/${name}` };
}

// Every schema of a document has the document's dialect and address.
function withoutHeads({ $schema: _, $id: __, ...schema }: Json): Json {
  return schema;
}

/** The text of the committed file. */
export function openapiText(): string {
  return `${JSON.stringify(openapiDocument(), null, 2)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(TARGET, openapiText());
