// The differences between the operations of a document and those of a table, each in a line.
import { isDeepStrictEqual } from "node:util";
import type { ApiOperation } from "../../src/core/routing/api-description.ts";
import { rowOf } from "./render.ts";

const MEMBERS = ["method", "path", "permission", "effect", "formats"] as const;

/**
 * Compares a document with a table, whatever the order of the operations.
 *
 * @returns lines that begin with `added`, `removed` or `changed`
 */
export function driftOf(document: readonly ApiOperation[], table: readonly ApiOperation[]): readonly string[] {
  const before = new Map(table.map((operation) => [operation.operationId, rowOf(operation)]));
  const after = new Map(document.map((operation) => [operation.operationId, rowOf(operation)]));
  const lines: string[] = [];
  for (const [id, row] of after) {
    const known = before.get(id);
    if (known === undefined)
      lines.push(`added    ${id}: ${row.method} ${row.path}, ${row.permission ?? "every valid key"}`);
    else lines.push(...MEMBERS.flatMap((member) => changeOf(id, member, known[member], row[member])));
  }
  for (const [id, row] of before) if (!after.has(id)) lines.push(`removed  ${id}: ${row.method} ${row.path}`);
  return lines;
}

function changeOf(id: string, member: string, before: unknown, after: unknown): readonly string[] {
  if (isDeepStrictEqual(before, after)) return [];
  const text = (value: unknown) => (typeof value === "string" ? value : (JSON.stringify(value) ?? "none"));
  return [`changed  ${id}: ${member} ${text(before)} -> ${text(after)}`];
}
