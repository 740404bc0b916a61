// The table of keys. Narrow screens show name, status and expiry; each key's sheet shows the rest.
import { Badge } from "@cloudflare/kumo/components/badge";
import { Table } from "@cloudflare/kumo/components/table";
import type { ReactNode } from "react";
import { useListNames } from "../lists/allow-lists-data.ts";
import { goTo, type KeySubset, PageLink } from "../route.tsx";
import { StatusBadge } from "../ui/facts.tsx";
import { When } from "../ui/time.tsx";
import { expiresSoon, type KeyRow } from "./key-row.ts";
import type { KeyView, SortBy } from "./key-view.ts";

interface KeysTableProps {
  readonly keys: readonly KeyRow[];
  readonly view: KeyView;
  readonly subset: KeySubset | null;
  readonly onChange: (part: Partial<KeyView>) => void;
}

const COLUMNS: readonly { readonly by: SortBy | null; readonly title: string; readonly visibility: string }[] = [
  { by: "name", title: "Name", visibility: "" },
  { by: "role", title: "Role", visibility: "hidden sm:table-cell" },
  { by: "status", title: "Status", visibility: "" },
  { by: "createdBy", title: "Created by", visibility: "hidden xl:table-cell" },
  { by: "created", title: "Created", visibility: "hidden lg:table-cell" },
  { by: "lastUsed", title: "Last used", visibility: "hidden md:table-cell" },
  { by: "expires", title: "Expires", visibility: "" },
  { by: null, title: "Allow lists", visibility: "hidden xl:table-cell" },
];

export function KeysTable({ keys, view, subset, onChange }: KeysTableProps) {
  const nameOf = useListNames();
  const now = Date.now();
  return (
    <Table>
      <caption className="sr-only">API keys</caption>
      <Table.Header>
        <Table.Row>
          {COLUMNS.map(({ by, title, visibility }) => (
            <Table.Head key={title} className={visibility} aria-sort={sortOf(by, view)}>
              {by === null ? title : <SortButton by={by} title={title} view={view} onChange={onChange} />}
            </Table.Head>
          ))}
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {keys.map((key) => (
          <Table.Row
            key={key.id}
            className="cursor-pointer hover:bg-kumo-tint"
            onClick={() => goTo("keys", key.id, subset)}
          >
            <Cell at={0}>
              <PageLink
                page="keys"
                id={key.id}
                subset={subset}
                className="font-medium break-words underline-offset-2 hover:underline"
              >
                {key.name}
              </PageLink>
              <span className="block text-sm text-kumo-subtle sm:hidden">{key.roleName}</span>
            </Cell>
            <Cell at={1}>{key.roleName}</Cell>
            <Cell at={2}>
              <StatusBadge status={key.status} />
              {key.compromised !== null && <span className="block text-sm text-kumo-danger">Compromised</span>}
            </Cell>
            <Cell at={3}>{key.createdBy}</Cell>
            <Cell at={4}>
              <When at={key.createdAt} />
            </Cell>
            <Cell at={5}>{key.lastUsedAt === null ? <NeverUsed /> : <When at={key.lastUsedAt} />}</Cell>
            <Cell at={6}>
              <span className={key.expiresAt === null || key.status !== "ACTIVE" ? "text-kumo-subtle" : ""}>
                {key.expiresAt === null ? "Never" : <When at={key.expiresAt} />}
              </span>{" "}
              {expiresSoon(key, now) && <Badge variant="warning">Soon</Badge>}
            </Cell>
            <Cell at={7}>
              {key.listIds.length === 0 ? (
                <span className="text-kumo-subtle">Any address</span>
              ) : (
                listsOf(key.listIds, nameOf)
              )}
            </Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table>
  );
}

function Cell({ at, children }: { readonly at: number; readonly children: ReactNode }) {
  return <Table.Cell className={`align-baseline ${COLUMNS[at]?.visibility ?? ""}`}>{children}</Table.Cell>;
}

function listsOf(ids: readonly string[], nameOf: (id: string) => string | null): string {
  const names = ids.map(nameOf);
  return names.includes(null) ? `${ids.length} ${ids.length === 1 ? "list" : "lists"}` : names.join(", ");
}

function NeverUsed() {
  return <Badge variant="outline">Not yet used</Badge>;
}

function sortOf(by: SortBy | null, view: KeyView): "ascending" | "descending" | undefined {
  if (by === null || by !== view.sortBy) return undefined;
  return view.descending ? "descending" : "ascending";
}

interface SortButtonProps {
  readonly by: SortBy;
  readonly title: string;
  readonly view: KeyView;
  readonly onChange: (part: Partial<KeyView>) => void;
}

function SortButton({ by, title, view, onChange }: SortButtonProps) {
  const current = view.sortBy === by;
  return (
    <button
      type="button"
      className="flex cursor-pointer items-center gap-1 whitespace-nowrap"
      onClick={() => onChange({ sortBy: by, descending: current ? !view.descending : false })}
    >
      {title}
      <span aria-hidden className="w-3 text-kumo-subtle">
        {current ? (view.descending ? "↓" : "↑") : ""}
      </span>
    </button>
  );
}
