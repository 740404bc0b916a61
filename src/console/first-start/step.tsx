// The card of one step of the first-start page.
import type { ReactNode } from "react";

export function Step({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="flex flex-col gap-5 rounded-xl border border-kumo-line bg-kumo-base p-6">
      <h2 className="text-lg font-semibold">{title}</h2>
      {children}
    </section>
  );
}
