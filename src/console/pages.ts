// Lists that are short enough to be read whole: page after page, by the token of the one before.
import type { ListOf } from "../admin/schema.ts";

export async function loadPages<T>(path: string, get: (path: string) => Promise<ListOf<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  const more = path.includes("?") ? "&" : "?";
  let token: string | null = null;
  do {
    const next: string = token === null ? "" : `&continuation_token=${encodeURIComponent(token)}`;
    const page: ListOf<T> = await get(`${path}${more}limit=100${next}`);
    items.push(...page.data);
    token = page._metadata.continuation_token;
  } while (token !== null);
  return items;
}
