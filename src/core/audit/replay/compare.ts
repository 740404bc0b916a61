// Compares the rows of a database with those that its audit log explains.
import type { Finding } from "../findings.ts";
import { keyFingerprint } from "./fingerprint.ts";
import { LISTS, type Row, TABLES, type TableName, type Tables } from "./tables.ts";

/** Everything in the rows of a database that no event explains. */
export function compareTables(explained: Tables, actual: Tables): readonly Finding[] {
  return (Object.keys(TABLES) as TableName[]).flatMap((table) => compareTable(table, explained[table], actual[table]));
}

function compareTable(
  table: TableName,
  explained: ReadonlyMap<string, Row>,
  actual: ReadonlyMap<string, Row>,
): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (id: string, text: string) =>
    findings.push({ what: "unexplained", message: `${table} ${id}: ${text}.` });
  const columns: readonly string[] = table in LISTS ? [...TABLES[table].columns, "lists"] : TABLES[table].columns;
  for (const [id, row] of actual) {
    const wanted = explained.get(id);
    if (wanted === undefined) {
      find(id, "no event explains this row");
      continue;
    }
    const different = columns.filter((column) => {
      const value = wanted[column];
      return value !== undefined && comparedValue(table, row, column) !== asStored(value);
    });
    if (different.length > 0) find(id, `no event explains the value of ${different.join(", ")}`);
  }
  for (const id of explained.keys()) if (!actual.has(id)) find(id, "the row is missing");
  return findings;
}

function comparedValue(table: TableName, row: Row, column: string) {
  // Events have no hash of a key, only what can be computed from it.
  return table === "api_keys" && column === "hash" ? keyFingerprint(String(row.hash)) : row[column];
}

/** D1 stores UTF-8, in which a lone surrogate becomes U+FFFD; the detail of an event has it escaped. */
function asStored(value: string | number | null) {
  return typeof value === "string" ? value.toWellFormed() : value;
}
