// All keys of the account: the first page is shown immediately and the others follow, because search and sort need every key.
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ApiKeyData } from "../../admin/api-keys/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { loadList } from "../load-list.ts";
import { KEY_SUBSETS, type KeySubset } from "../route.tsx";
import { type Session, useSession } from "../session.ts";
import { type KeyRow, rowOf } from "./key-row.ts";

export interface KeyList {
  readonly rows: readonly KeyRow[];
  /** Keys that were created, changed or read on their own while the list was loading. They replace its entries. */
  readonly newer: ReadonlyMap<string, KeyRow>;
}

const KEYS = ["keys"] as const;
const SHOW_INTERVAL_MS = 400;

/** @param subset the part of the keys that the server selects; `null`: all that are not archived */
export function useKeys(subset: KeySubset | null = null) {
  const session = useSession();
  const client = useQueryClient();
  return useQuery({
    queryKey: subset === null ? KEYS : [...KEYS, subset],
    // A subset changes with the policy and with time.
    staleTime: subset === null ? Number.POSITIVE_INFINITY : 0,
    // The default comparison of ten thousand rows is slower than rendering them.
    structuralSharing: false,
    queryFn: ({ signal }) => (subset === null ? loadAll(session, client, signal) : loadSubset(session, subset, signal)),
  });
}

async function loadSubset({ api, account }: Session, subset: KeySubset, signal: AbortSignal): Promise<KeyList> {
  const path = `${account}/api-keys?${subset}=true&order=desc`;
  const keys = await loadList(path, (page) => api.get<ListOf<ApiKeyData>>(page, signal));
  return { rows: keys.map(rowOf), newer: new Map() };
}

async function loadAll({ api, account }: Session, client: QueryClient, signal: AbortSignal): Promise<KeyList> {
  const first = client.getQueryData<KeyList>(KEYS) === undefined;
  const rows: KeyRow[] = [];
  client.setQueryData<KeyList>(KEYS, (list) => list && { ...list, newer: new Map() });
  let token: string | null = null;
  let shownAt = 0;
  do {
    const next: string = token === null ? "" : `&continuation_token=${encodeURIComponent(token)}`;
    const page: ListOf<ApiKeyData> = await api.get(`${account}/api-keys?limit=100&order=desc${next}`, signal);
    for (const key of page.data) rows.push(rowOf(key));
    token = page._metadata.continuation_token;
    // A reload shows the previous list until the new one is complete.
    if (first && token !== null && performance.now() - shownAt > SHOW_INTERVAL_MS) {
      shownAt = performance.now();
      client.setQueryData<KeyList>(KEYS, (list) => withNewer(rows, list?.newer));
    }
  } while (token !== null);
  return withNewer(rows, client.getQueryData<KeyList>(KEYS)?.newer);
}

function withNewer(rows: readonly KeyRow[], newer: ReadonlyMap<string, KeyRow> = new Map()): KeyList {
  if (newer.size === 0) return { rows: [...rows], newer };
  const known = new Set(rows.map((row) => row.id));
  const added = [...newer.values()].filter((row) => !known.has(row.id));
  return { rows: [...added.reverse(), ...rows.map((row) => newer.get(row.id) ?? row)], newer };
}

/** Puts one key into the cached list. */
function cacheKey(client: QueryClient, key: KeyRow): void {
  client.setQueryData<KeyList>(KEYS, (list) => list && withNewer(list.rows, new Map(list.newer).set(key.id, key)));
  client.setQueryData(["key", key.id], key);
}

/** @returns a function that puts a key of a response into the cache */
export function useUpdateKey(): (data: ApiKeyData) => KeyRow {
  const client = useQueryClient();
  const { selfId } = useSession();
  return (data) => {
    const row = rowOf(data);
    cacheKey(client, row);
    // After a change of the session's own key a refetch could be denied and put an error over the receipt.
    if (row.id === selfId) return row;
    // Roles and allow lists contain the names of the keys that use them.
    void client.invalidateQueries({ queryKey: ["roles"] });
    void client.invalidateQueries({ queryKey: ["allow-lists"] });
    for (const subset of KEY_SUBSETS) void client.invalidateQueries({ queryKey: [...KEYS, subset] });
    return row;
  };
}

/** One key. The entry of the cached list is shown until the response arrives. */
export function useKey(id: string) {
  const { api, account } = useSession();
  const client = useQueryClient();
  return useQuery({
    queryKey: ["key", id],
    staleTime: 0,
    placeholderData: () => client.getQueryData<KeyList>(KEYS)?.rows.find((row) => row.id === id),
    queryFn: async ({ signal }) => {
      const path = `${account}/api-keys/${encodeURIComponent(id)}`;
      const row = rowOf((await api.get<{ data: ApiKeyData }>(path, signal)).data);
      const listed = client.getQueryData<KeyList>(KEYS)?.rows.find((each) => each.id === id);
      if (JSON.stringify(listed) !== JSON.stringify(row)) cacheKey(client, row);
      return row;
    },
  });
}
