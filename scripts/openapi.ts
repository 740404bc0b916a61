// Writes src/admin/openapi.json: OpenAPI 3.1 of all operations that Gatehouse serves itself. It is generated from the schemas
// that check bodies and queries, so it cannot differ from what the gateway accepts.
import { writeFileSync } from "node:fs";
import * as z from "zod/mini";
import { DEFAULT_MANAGEMENT_PREFIX, gatehouseOperations } from "../src/core/routing/gatehouse-operations.ts";
import type { Operation } from "../src/core/routing/operations.ts";
import { CHOICES, COMPONENTS, type ComponentName } from "./openapi/components.ts";
import { ERRORS } from "./openapi/errors.ts";
import type { OperationDoc, ResponseDoc } from "./openapi/operation-doc.ts";
import { OPERATION_DOCS } from "./openapi/operations.ts";

const TARGET = new URL("../src/admin/openapi.json", import.meta.url);

type Json = Readonly<Record<string, unknown>>;

/** The whole document, as it is committed and served. */
export function openapiDocument(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of gatehouseOperations(DEFAULT_MANAGEMENT_PREFIX)) {
    const method = operation.method.toLowerCase();
    paths[operation.path] = {
      ...paths[operation.path],
      [method]: operationObject(operation, OPERATION_DOCS[operation.operationId]),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Gatehouse",
      version: "1",
      description: "The operations that Gatehouse serves itself. All other requests are forwarded to the upstream API.",
    },
    security: [{ apiKey: [] }],
    paths,
    components: { securitySchemes: { apiKey: SECURITY }, schemas: schemas(), responses: errorResponses() },
  };
}

/** The text of the committed file. */
export function openapiText(): string {
  return `${JSON.stringify(openapiDocument(), null, 2)}\n`;
}

const SECURITY = {
  type: "http",
  scheme: "bearer",
  bearerFormat: "JWT",
  description: "An API key: the `jwt` of the response to its creation.",
};

function schemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(COMPONENTS)) registry.add(schema, { id });
  const generated = z.toJSONSchema(registry, { io: "input", uri: (id) => `#/components/schemas/${id}` });
  const choices: Readonly<Record<string, object>> = CHOICES;
  return Object.fromEntries(
    Object.entries(generated.schemas).map(([id, schema]) => [id, { ...withoutHeader(schema), ...choices[id] }]),
  );
}

function operationObject(operation: Operation, doc: OperationDoc): Json {
  const path = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: "path", required: true },
    schema: { type: "string", format: "uuid" },
  }));
  const permission = operation.permission === null ? "any valid key" : `the permission ${operation.permission}`;
  const holder = "selfParam" in operation && operation.selfParam ? ", or the key itself" : "";
  return {
    operationId: operation.operationId,
    tags: [doc.tag],
    summary: doc.summary,
    description: `${doc.description ?? ""} Needs ${permission}${holder}.`.trim(),
    parameters: [
      ...path,
      ...queryParameters(doc),
      ...preconditions(operation, doc),
      ...accountChoice(operation),
      ...(doc.headers ?? []),
    ],
    ...(doc.body ? { requestBody: requestBody(doc.body) } : {}),
    responses: { ...successResponse(doc), ...errorReferences(operation, doc) },
  };
}

function queryParameters({ query }: OperationDoc): readonly Json[] {
  if (query === undefined) return [];
  return Object.entries(query.shape).map(([name, type]) => {
    const schema = withoutHeader(z.toJSONSchema(type, { io: "input" }));
    const list = schema.type === "array" ? { style: "form", explode: false } : {};
    return { name, in: "query", required: false, ...list, schema };
  });
}

/** Whether an operation takes `If-Match`: where its documentation does not say, those that change what their path names. */
function isConditional({ path, effect }: Operation, { conditional }: OperationDoc): boolean {
  return conditional ?? (effect === "mutating" && /\{(?!accountId|projectId)/.test(path));
}

function preconditions(operation: Operation, doc: OperationDoc): readonly Json[] {
  if (!isConditional(operation, doc)) return [];
  const description =
    "Entity tags that were read: the change is made only while one of them is still that of the resource.";
  const schema = { type: "string", examples: ['"3"'] };
  return [{ name: "If-Match", in: "header", required: false, description, schema }];
}

/** Whether an operator of several accounts has to name one: the path has none. */
function needsAccount({ path }: Operation): boolean {
  return !path.includes("{accountId}");
}

function accountChoice(operation: Operation): readonly Json[] {
  if (!needsAccount(operation)) return [];
  const description = "The account in which an operator of several accounts acts. Ignored with an API key.";
  const schema = { type: "string", format: "uuid" };
  return [{ name: "Gatehouse-Account", in: "header", required: false, description, schema }];
}

function requestBody({ schema, required, example }: NonNullable<OperationDoc["body"]>): Json {
  return { required, content: { "application/json": { schema: reference(schema), ...(example ? { example } : {}) } } };
}

function successResponse({ response }: OperationDoc): Json {
  if (response === null) return { 204: { description: "Done. The response has no body." } };
  const { description } = response;
  const tag = { description: "The entity tag of the resource, for `If-Match`.", schema: { type: "string" } };
  const headers = {
    "cache-control": { schema: { type: "string", const: "no-store" } },
    ...(TAGGED.has(response.schema) && response.as !== "list" ? { etag: tag } : {}),
  };
  const type = response.as === "lines" ? "application/x-ndjson" : "application/json";
  const content = { [type]: { schema: bodySchema(response) } };
  return { 200: { description, headers, content } };
}

/** Of what is changed by its id. A list has no tag of its own; its items may have one in `info`. */
const TAGGED: ReadonlySet<ComponentName> = new Set([
  ...([
    "ApiKeyData",
    "CreatedApiKey",
    "EditedApiKey",
    "RevokedApiKey",
    "RotatedApiKey",
    "TrialData",
    "StartedTrial",
    "PromotedTrial",
  ] as const),
  ...(["AllowListData", "CreatedAllowList", "ReplacedAllowList", "RoleData", "OperatorData"] as const),
  ...(["CreatedOperator", "EndpointData", "EndpointWithSecret", "PolicyData"] as const),
]);

function bodySchema(response: ResponseDoc): Json {
  const inner = reference(response.schema);
  if (response.as === "whole" || response.as === "lines") return inner;
  const data = response.as === "list" ? { type: "array", items: inner } : inner;
  const properties = response.as === "list" ? { data, _metadata: reference("Metadata") } : { data };
  return { type: "object", properties, required: Object.keys(properties) };
}

/** Every operation has 400 (an unknown parameter), 401, 403, 404 (another account), 429 and 503. */
function errorReferences(operation: Operation, doc: OperationDoc): Json {
  const { body, errors = [], ownErrors = {} } = doc;
  const conditional = isConditional(operation, doc) ? [412] : [];
  const choosing: OperationDoc["ownErrors"] = needsAccount(operation) ? { 409: "AccountRequiredAnswer" } : {};
  const read = body ? [408, 413, 415] : [];
  const statuses = [400, 401, 403, 404, 429, 503, ...conditional, ...read, ...errors];
  statuses.sort((a, b) => a - b);
  const references = statuses.map((status) => [status, { $ref: `#/components/responses/Error${status}` }]);
  const own = Object.entries({ ...choosing, ...ownErrors }).map(([status, schema]) => [
    status,
    errorResponse(status, schema),
  ]);
  return Object.fromEntries([...references, ...own]);
}

function errorResponses(): Json {
  const schemaOf = (status: string): ComponentName => (status === "403" ? "ForbiddenAnswer" : "ErrorAnswer");
  const statuses = Object.keys(ERRORS);
  return Object.fromEntries(statuses.map((status) => [`Error${status}`, errorResponse(status, schemaOf(status))]));
}

function errorResponse(status: string, schema: ComponentName): Json {
  const { description, code, detail, ...more } = ERRORS[Number(status) as keyof typeof ERRORS];
  const example = { error: { status: Number(status), detail, code, request_id: "8293383c691a48be9d40-1", ...more } };
  return { description, content: { "application/json": { schema: reference(schema), example } } };
}

function reference(name: ComponentName): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** A schema without the dialect and the id that zod adds: in a document it has the document's. */
function withoutHeader({ $schema: _, $id: __, ...schema }: Json): Json {
  return schema;
}

if (import.meta.main) writeFileSync(TARGET, openapiText());
