// Labeled values, sections and status badges, as the sheets show them.
import { Badge } from "@cloudflare/kumo/components/badge";
import type { ReactNode } from "react";
import type { KeyReferenceData } from "../../admin/schema.ts";
import { PageLink } from "../route.tsx";

export function Facts({ children }: { readonly children: ReactNode }) {
  return <dl className="grid grid-cols-1 gap-x-6 gap-y-3 sm:grid-cols-[9rem_1fr]">{children}</dl>;
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt className="text-kumo-subtle">{name}</dt>
      <dd className="-mt-2 min-w-0 break-words sm:mt-0">{children}</dd>
    </>
  );
}

const STATUSES = {
  ACTIVE: { variant: "success", text: "Active" },
  EXPIRED: { variant: "warning", text: "Expired" },
  DISABLED: { variant: "warning", text: "Disabled" },
  CANARY: { variant: "neutral", text: "Canary" },
  REVOKED: { variant: "neutral", text: "Revoked" },
} as const;

export function StatusBadge({ status }: { readonly status: keyof typeof STATUSES }) {
  const { variant, text } = STATUSES[status];
  return (
    <Badge appearance="dot" variant={variant}>
      {text}
    </Badge>
  );
}

/** The API keys that use a role or an allow list. */
export function UsedBy({ keys }: { readonly keys: readonly KeyReferenceData[] }) {
  if (keys.length === 0) return <p className="text-kumo-subtle">No API key uses it.</p>;
  return (
    <ul className="flex flex-col divide-y divide-kumo-line rounded-lg border border-kumo-line">
      {keys.map((key) => (
        <li key={key.id} className="flex items-center justify-between gap-3 px-3 py-2">
          <PageLink page="keys" id={key.id} className="min-w-0 break-words text-kumo-link underline">
            {key.name}
          </PageLink>
          <StatusBadge status={key.status} />
        </li>
      ))}
    </ul>
  );
}

export function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="flex flex-col gap-3">
      <h3 className="text-base font-semibold">{title}</h3>
      {children}
    </section>
  );
}
