// Reads the tables that audit events explain, for `npm run audit:verify -- --state`.
import { LISTS, listsValue, type Row, TABLES, type TableName, type Tables } from "../../core/audit/replay/tables.ts";

/** Runs a statement without values. */
export type ReadRows = (sql: string) => Promise<readonly Record<string, unknown>[]>;

const PAGE = 500;

/** Reads all rows, page by page. */
export async function readTables(read: ReadRows): Promise<Tables> {
  const tables = {} as Record<TableName, ReadonlyMap<string, Row>>;
  for (const name of Object.keys(TABLES) as TableName[]) tables[name] = await readTable(read, name);
  return tables;
}

async function readTable(read: ReadRows, table: TableName): Promise<ReadonlyMap<string, Row>> {
  const { key, columns } = TABLES[table];
  const lists = table in LISTS ? `, ${listsSql(LISTS[table as keyof typeof LISTS], `t.${key}`)} AS lists` : "";
  const rows = new Map<string, Row>();
  for (let after = ""; ; ) {
    const page = await read(`SELECT t.${key} AS row_key, ${columns.map((column) => `t.${column}`).join(", ")}${lists}
      FROM ${table} t WHERE t.${key} > '${after.replaceAll("'", "''")}' ORDER BY t.${key} LIMIT ${PAGE}`);
    for (const { row_key: id, ...row } of page) rows.set(String(id), withLists(row as Row));
    const last = page.at(-1);
    if (last === undefined) return rows;
    after = String(last.row_key);
  }
}

function listsSql(table: string, owner: string): string {
  return `(SELECT json_group_array(allow_list_id) FROM ${table} WHERE key_id = ${owner})`;
}

function withLists(row: Row): Row {
  return row.lists === undefined ? row : { ...row, lists: listsValue(JSON.parse(String(row.lists)) as string[]) };
}
