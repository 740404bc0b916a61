// What the OpenAPI document says about one operation beyond the operation table.
import type * as z from "zod/mini";
import type { GatehouseOperationId } from "../../src/core/routing/gatehouse-operations.ts";
import type { ComponentName } from "./components.ts";

export interface OperationDoc {
  readonly tag: "API keys" | "IP allow lists" | "Roles" | "Operators" | "Endpoints" | "Account policy" | "Audit";
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodMiniObject;
  readonly headers?: readonly Readonly<Record<string, unknown>>[];
  readonly body?: { readonly schema: ComponentName; readonly required: boolean; readonly example?: unknown };
  /** `null`: 204 without a body. */
  readonly response: ResponseDoc | null;
  /** Whether it takes `If-Match`; left out: where it changes what its path names. */
  readonly conditional?: boolean;
  /** The statuses of errors besides those that follow from path, query and body. */
  readonly errors?: readonly number[];
  /** Statuses whose errors have more members than others. */
  readonly ownErrors?: Readonly<Record<number, ComponentName>>;
}

export interface ResponseDoc {
  readonly schema: ComponentName;
  /** One item in `data`, a page of items in `data`, the whole body, or one line of NDJSON for each item. */
  readonly as: "one" | "list" | "whole" | "lines";
  readonly description: string;
}

/** The documentation of the operations of one subject. */
export function tagged<Id extends GatehouseOperationId>(
  tag: OperationDoc["tag"],
  docs: Readonly<Record<Id, Omit<OperationDoc, "tag">>>,
): Readonly<Record<Id, OperationDoc>> {
  const entries = Object.entries<Omit<OperationDoc, "tag">>(docs).map(([id, doc]) => [id, { ...doc, tag }]);
  return Object.fromEntries(entries);
}

const as = (kind: ResponseDoc["as"]) => (schema: ComponentName, description: string) => ({
  schema,
  as: kind,
  description,
});
export const [one, list, whole, lines] = [as("one"), as("list"), as("whole"), as("lines")] as const;

/** What a list says whose filters no index has. */
export const BOUNDED =
  "A page reads at most 5,000 rows: with filters it can have fewer items than `limit`, or none, and a continuation token.";

/** A body that must be there. */
export const body = (schema: ComponentName, example?: unknown) => ({ schema, required: true, example });
