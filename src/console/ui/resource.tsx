// The two views of a kind of resource: the page with the list of all, and the sheet with one of them.
import type { ReactNode } from "react";
import { EmptyState, LoadingRows, ProblemNotice } from "./notices.tsx";
import { Overlay } from "./overlay.tsx";
import { Card, PageHeader } from "./page.tsx";

/** A list that is read whole. */
interface ListQuery<T> {
  readonly data: readonly T[] | undefined;
  readonly error: unknown;
  readonly refetch: () => unknown;
}

interface PageProps<T> {
  readonly title: string;
  /** One sentence below the title. */
  readonly intro: string;
  readonly query: ListQuery<T>;
  /** The button that creates one; `false`: the user may not. */
  readonly action: ReactNode;
  /** Shown in place of an empty list. */
  readonly empty: ReactNode;
  readonly children: (items: readonly T[]) => ReactNode;
}

export function ResourcePage<T>({ title, intro, query, action, empty, children }: PageProps<T>) {
  const { data, error, refetch } = query;
  return (
    <>
      <PageHeader title={title} action={action}>
        {intro}
      </PageHeader>
      {error != null && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      <Card>
        {data === undefined && error == null && <LoadingRows what={title} />}
        {data?.length === 0 && empty}
        {data && data.length > 0 && children(data)}
      </Card>
    </>
  );
}

interface SheetProps<T> {
  /** The kind of resource, such as "Role". */
  readonly kind: string;
  readonly id: string;
  readonly query: ListQuery<T>;
  readonly nameOf: (item: T) => string;
  readonly onClose: () => void;
  readonly children: (item: T) => ReactNode;
}

export function ResourceSheet<T extends { readonly info: { readonly id: string } }>(props: SheetProps<T>) {
  const { kind, id, query, nameOf, onClose, children } = props;
  const { data, error, refetch } = query;
  const item = data?.find(({ info }) => info.id === id);
  return (
    <Overlay shape="sheet" title={item === undefined ? kind : nameOf(item)} onClose={onClose}>
      {error != null && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {data === undefined && error == null && <LoadingRows what={kind} />}
      {data && item === undefined && <EmptyState title={`${kind} not found`}>It may have been deleted.</EmptyState>}
      {item !== undefined && children(item)}
    </Overlay>
  );
}
