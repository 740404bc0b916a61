// What of the keys is on the screen: searched, filtered, sorted, and cut into pages.
import type { KeyRow, KeyStatus } from "./key-row.ts";

export type SortBy = "name" | "role" | "status" | "createdBy" | "created" | "lastUsed" | "expires";

export interface KeyView {
  readonly search: string;
  readonly status: KeyStatus | "ALL";
  readonly sortBy: SortBy;
  readonly descending: boolean;
  /** From 0. */
  readonly page: number;
}

export const FIRST_VIEW: KeyView = { search: "", status: "ALL", sortBy: "created", descending: true, page: 0 };
export const PAGE_SIZE = 50;

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const byText = (text: (row: KeyRow) => string) => (a: KeyRow, b: KeyRow) => collator.compare(text(a), text(b));

// A key without such an instant comes last among the rising ones: it never ends, or was never used.
const byInstant = (instant: (row: KeyRow) => number | null) => (a: KeyRow, b: KeyRow) =>
  (instant(a) ?? Number.MAX_SAFE_INTEGER) - (instant(b) ?? Number.MAX_SAFE_INTEGER);

const ORDERS: Readonly<Record<SortBy, (a: KeyRow, b: KeyRow) => number>> = {
  name: byText((row) => row.name),
  role: byText((row) => row.roleName),
  status: byText((row) => row.status),
  createdBy: byText((row) => row.createdBy),
  created: byInstant((row) => row.createdAt),
  lastUsed: (a, b) => (a.lastUsedAt ?? 0) - (b.lastUsedAt ?? 0),
  expires: byInstant((row) => row.expiresAt),
};

/** All keys that the view asks for, in its order; not yet cut. */
export function selectKeys(rows: readonly KeyRow[], { search, status, sortBy, descending }: KeyView): KeyRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = rows.filter((row) => {
    if (status !== "ALL" && row.status !== status) return false;
    if (words.length === 0) return true;
    const text = `${row.name}\n${row.description}\n${row.roleName}\n${row.createdBy}\n${row.id}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const order = ORDERS[sortBy];
  return kept.sort(descending ? (a, b) => order(b, a) : order);
}

export function countByStatus(rows: readonly KeyRow[]): Readonly<Record<KeyView["status"], number>> {
  const counts = { ALL: rows.length, ACTIVE: 0, EXPIRED: 0, REVOKED: 0 };
  for (const row of rows) counts[row.status] += 1;
  return counts;
}
