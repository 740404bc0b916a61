// Reasons of denials, each with its count and its last occurrence.
import { countOf } from "../ui/numbers.ts";
import { When } from "../ui/time.tsx";

export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
  readonly lastAt: number;
}

export function ReasonList({ reasons }: { readonly reasons: readonly ReasonCount[] }) {
  return (
    <ul aria-label="Reasons" className="flex flex-col divide-y divide-kumo-line rounded-lg border border-kumo-line">
      {reasons.map(({ reason, count, lastAt }) => (
        <li key={reason} className="flex flex-wrap justify-between gap-x-4 px-3 py-2">
          <code>{reason}</code>
          <span className="tabular text-kumo-subtle">
            {countOf(count, "request")}, last <When at={lastAt} />
          </span>
        </li>
      ))}
    </ul>
  );
}
