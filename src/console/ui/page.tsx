// The header and the card of a page.
import type { ReactNode } from "react";

interface PageHeaderProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

export function PageHeader({ title, children, action }: PageHeaderProps) {
  return (
    <div className="mb-5 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="flex min-w-0 flex-col gap-1">
        <h1 className="text-2xl font-semibold">{title}</h1>
        <p className="max-w-prose text-kumo-subtle">{children}</p>
      </div>
      {action}
    </div>
  );
}

export function Card({ children }: { readonly children: ReactNode }) {
  return <div className="mt-4 overflow-hidden rounded-xl border border-kumo-line bg-kumo-base">{children}</div>;
}
