// Which keys the table shows: search, status filter, order and page.
import { hasEnded, type KeyRow, type KeyStatus } from "./key-row.ts";

export type SortBy = "name" | "role" | "status" | "createdBy" | "created" | "lastUsed" | "expires";

export interface KeyView {
  readonly search: string;
  /** `CURRENT`: every key that has not ended. */
  readonly status: KeyStatus | "CURRENT" | "ALL";
  readonly sortBy: SortBy;
  readonly descending: boolean;
  /** Zero-based. */
  readonly page: number;
}

export const FIRST_VIEW: KeyView = { search: "", status: "CURRENT", sortBy: "created", descending: true, page: 0 };
export const PAGE_SIZE = 50;

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const byText = (text: (row: KeyRow) => string) => (a: KeyRow, b: KeyRow) => collator.compare(text(a), text(b));

// A missing timestamp sorts last in ascending order: the key never expires.
const byTime = (time: (row: KeyRow) => number | null) => (a: KeyRow, b: KeyRow) =>
  (time(a) ?? Number.MAX_SAFE_INTEGER) - (time(b) ?? Number.MAX_SAFE_INTEGER);

const ORDERS: Readonly<Record<SortBy, (a: KeyRow, b: KeyRow) => number>> = {
  name: byText((row) => row.name),
  role: byText((row) => row.roleName),
  status: byText((row) => row.status),
  createdBy: byText((row) => row.createdBy),
  created: byTime((row) => row.createdAt),
  lastUsed: (a, b) => (a.lastUsedAt ?? 0) - (b.lastUsedAt ?? 0),
  expires: byTime((row) => row.expiresAt),
};

/** @returns the keys of all pages of the view, in its order */
export function selectKeys(rows: readonly KeyRow[], { search, status, sortBy, descending }: KeyView): KeyRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = rows.filter((row) => {
    if (status === "CURRENT" ? hasEnded(row) : status !== "ALL" && row.status !== status) return false;
    if (words.length === 0) return true;
    const text = `${row.name}\n${row.description}\n${row.roleName}\n${row.createdBy}\n${row.id}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const order = ORDERS[sortBy];
  return matching.sort(descending ? (a, b) => order(b, a) : order);
}

export function countByStatus(rows: readonly KeyRow[]): Readonly<Record<KeyView["status"], number>> {
  const counts = { ACTIVE: 0, DISABLED: 0, CANARY: 0, EXPIRED: 0, REVOKED: 0 };
  for (const row of rows) counts[row.status] += 1;
  return { ...counts, CURRENT: rows.length - counts.EXPIRED - counts.REVOKED, ALL: rows.length };
}
