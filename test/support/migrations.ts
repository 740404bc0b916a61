// The D1 migrations as single statements, in order, for databases that wrangler does not migrate.
import { readD1Migrations as read } from "@cloudflare/vitest-plugin";

export async function readD1Migrations(): Promise<readonly string[]> {
  return (await read("./migrations")).flatMap(({ queries }) => queries);
}
