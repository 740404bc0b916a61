// The migrations of D1 as single statements, in order, for a database that nothing else migrates.
import { readD1Migrations as read } from "@cloudflare/vitest-plugin";

export async function readD1Migrations(): Promise<readonly string[]> {
  return (await read("./migrations")).flatMap(({ queries }) => queries);
}
