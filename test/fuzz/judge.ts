// Whether a response is one that the OpenAPI document describes.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { Document, Operation, ResponseObject } from "./document.ts";
import { NO_TAG, type PlannedRequest } from "./requests.ts";

export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export type Judge = (request: PlannedRequest, response: Received) => readonly string[];

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Checks responses against a document: their status, headers, media type and body. Members that a schema of a response does not
 * name are findings too, although JSON Schema allows them: the document is to be complete.
 *
 * @returns for each response its findings, as sentences
 */
export function judgeBy(document: Document): Judge {
  const ajv = new Ajv2020({ strict: false, formats: { uuid: UUID } });
  ajv.addSchema({ ...(closed(document) as object), $id: "document:closed" });
  const compiled = new Map<string, ValidateFunction>();
  const check = (pointer: string, value: unknown): readonly string[] => {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `document:closed${pointer}` });
    compiled.set(pointer, validate);
    if (validate(value)) return [];
    return [`not of its schema: ${ajv.errorsText(validate.errors)}`];
  };

  return ({ operation, body, headers }, response) => {
    const { status, text } = response;
    if (status >= 500) return [`a status of ${status}`];
    const documented = operation.responses[status];
    if (documented === undefined) return [`${status} is not documented`];
    const at = documented.$ref ?? `${operation.pointer}/responses/${status}`;
    const described = documented.$ref === undefined ? documented : componentOf(document, documented.$ref);
    const types = Object.keys(described.content ?? {});
    const type = String(response.headers["content-type"] ?? "").split(";", 1)[0] ?? "";
    const missing = Object.keys(described.headers ?? {}).filter((name) => response.headers[name] === undefined);
    const findings: string[] = missing.map((name) => `no ${name} header`);
    const has = Object.keys(described.headers ?? {});
    const untold = ["etag", "link", "location"].filter(
      (name) => response.headers[name] !== undefined && !has.includes(name),
    );
    findings.push(...untold.map((name) => `the ${name} header is not documented`));
    if (status < 300 && headers["if-match"] === NO_TAG && takes(operation, "If-Match"))
      findings.push("If-Match is ignored");
    if (types.length === 0) return text === "" ? findings : [...findings, "a body where none is documented"];
    if (!types.includes(type)) return [...findings, `the media type ${type} is not documented`];
    const schema = `${at}/content/${encodeURIComponent(type.replaceAll("/", "~1"))}/schema`;
    const lines = type.endsWith("ndjson") ? text.split("\n").filter(Boolean) : [text];
    for (const line of lines) {
      const value = parsed(line);
      findings.push(...(value === undefined ? ["not JSON"] : check(schema, value)));
      const named = (value as { error?: { status?: number } } | undefined)?.error?.status;
      if (status >= 400 && named !== status) findings.push(`the body says ${named}`);
    }
    const isJson = headers["content-type"] === "application/json" && operation.requestBody !== undefined;
    if (status < 300 && isJson && body !== null) {
      const sent = parsed(body);
      const rejected =
        sent === undefined ? [] : check(`${operation.pointer}/requestBody/content/application~1json/schema`, sent);
      findings.push(...rejected.map((why) => `accepted a body that the document does not allow: ${why}`));
    }
    return findings;
  };
}

function takes({ parameters }: Operation, header: string): boolean {
  return parameters.some((each) => each.in === "header" && each.name === header);
}

function componentOf(document: Document, reference: string): ResponseObject {
  const parts = reference.slice(2).split("/");
  return parts.reduce((inner: unknown, name) => (inner as Record<string, unknown>)[name], document) as ResponseObject;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same, where no object has other members than those that its schema names. */
function closed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(closed);
  const copy: Record<string, unknown> = Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, closed(part)]),
  );
  const isSchema = copy.type === "object" && typeof copy.properties === "object";
  return isSchema ? { additionalProperties: false, ...copy } : copy;
}
