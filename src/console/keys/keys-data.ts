// The keys of the account, page by page until all are there: the first page is shown at once, the rest arrives behind it,
// so that search and sort know every key.
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ApiKeyData } from "../../admin/api-keys/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { type Session, useSession } from "../session.ts";
import { type KeyRow, rowOf } from "./key-row.ts";

export interface KeyList {
  readonly rows: readonly KeyRow[];
  /** Keys that were made, changed or read by themselves while the list was on its way: they are newer than it is. */
  readonly newer: ReadonlyMap<string, KeyRow>;
}

const KEYS = ["keys"] as const;
const SHOW_EVERY_MS = 400;

export function useKeys() {
  const session = useSession();
  const client = useQueryClient();
  return useQuery({
    queryKey: KEYS,
    staleTime: Number.POSITIVE_INFINITY,
    // Comparing ten thousand rows with themselves would cost more than drawing them.
    structuralSharing: false,
    queryFn: ({ signal }) => loadAll(session, client, signal),
  });
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
    // A reload keeps what is on the screen until all is there.
    if (first && token !== null && performance.now() - shownAt > SHOW_EVERY_MS) {
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

/** Puts one key into the list as it is now. */
function remember(client: QueryClient, key: KeyRow): void {
  client.setQueryData<KeyList>(KEYS, (list) => list && withNewer(list.rows, new Map(list.newer).set(key.id, key)));
  client.setQueryData(["key", key.id], key);
}

export function useRememberKey(): (data: ApiKeyData) => KeyRow {
  const client = useQueryClient();
  const { selfId } = useSession();
  return (data) => {
    const row = rowOf(data);
    remember(client, row);
    // Whoever has ended the own key can ask for nothing more: the receipt is the last that there is to see.
    if (row.id === selfId) return row;
    // Roles and lists name the keys that use them.
    void client.invalidateQueries({ queryKey: ["roles"] });
    void client.invalidateQueries({ queryKey: ["allow-lists"] });
    return row;
  };
}

/** One key as it is now; what the list knows of it stands in until the answer is there. */
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
      if (JSON.stringify(listed) !== JSON.stringify(row)) remember(client, row);
      return row;
    },
  });
}
