// Reads lists page after page: whole ones that are short, or up to the first item.
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

/**
 * Reads up to the first page that has an item. A filtered list has empty pages where a long part of it matches no filter.
 *
 * @param query the parameters of the first page
 */
export async function loadFilledPage<T>(
  query: URLSearchParams,
  get: (query: URLSearchParams) => Promise<ListOf<T>>,
): Promise<ListOf<T>> {
  const next = new URLSearchParams(query);
  for (;;) {
    const page = await get(next);
    const token = page._metadata.continuation_token;
    if (page.data.length > 0 || token === null) return page;
    next.set("continuation_token", token);
  }
}
