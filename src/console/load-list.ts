// Reads a whole list, page after page. Only for lists that are short.
import type { ListOf } from "../admin/schema.ts";

/**
 * @param path of the list, with or without a query
 * @param get reads one page
 */
export async function loadList<T>(path: string, get: (path: string) => Promise<ListOf<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  const separator = path.includes("?") ? "&" : "?";
  let token: string | null = null;
  do {
    const next: string = token === null ? "" : `&continuation_token=${encodeURIComponent(token)}`;
    const page: ListOf<T> = await get(`${path}${separator}limit=100${next}`);
    items.push(...page.data);
    token = page._metadata.continuation_token;
  } while (token !== null);
  return items;
}
