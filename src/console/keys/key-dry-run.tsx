// The dry run in a key's sheet: its report, and the buttons to start, replace, promote or discard it.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import { useAction } from "../action.ts";
import { useSession } from "../session.ts";
import { Section } from "../ui/facts.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { type DryRunData, useDryRun, useDryRunChanges } from "./dry-run-data.ts";
import { DryRunForm } from "./dry-run-form.tsx";
import { DryRunReport } from "./dry-run-report.tsx";
import type { KeyRow } from "./key-row.ts";
import { PromoteDryRun } from "./promote-dry-run.tsx";

export function KeyDryRun({ keyRow: key }: { readonly keyRow: KeyRow }) {
  const { may } = useSession();
  const { data, error, isFetching, refetch } = useDryRun(key.id);
  const [open, setOpen] = useState<"form" | "promotion" | null>(null);
  // The receipt still shows the dry run after the promotion removed it.
  const [promoted, setPromoted] = useState<DryRunData | null>(null);
  const mayChange = may("API_KEY:CREATE");
  const dryRun = data?.dryRun ?? null;
  if (!error && (!data || (dryRun === null && !mayChange && open === null))) return null;
  const close = () => setOpen(null);
  const promote = () => {
    setPromoted(dryRun);
    setOpen("promotion");
  };
  return (
    <Section title="Dry run">
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {data && dryRun === null && <Introduction onStart={() => setOpen("form")} />}
      {dryRun && <DryRunReport keyRow={key} dryRun={dryRun} />}
      {dryRun && (
        <div className="flex flex-wrap gap-2">
          <Button loading={isFetching} onClick={() => void refetch()}>
            Refresh
          </Button>
          {mayChange && (
            <>
              <Button variant="primary" onClick={promote}>
                Promote …
              </Button>
              <Button onClick={() => setOpen("form")}>Replace …</Button>
              <DiscardButton keyId={key.id} />
            </>
          )}
        </div>
      )}
      {open === "form" && <DryRunForm keyRow={key} current={dryRun} onClose={close} />}
      {open === "promotion" && promoted && <PromoteDryRun keyRow={key} dryRun={dryRun ?? promoted} onClose={close} />}
    </Section>
  );
}

function Introduction({ onStart }: { readonly onStart: () => void }) {
  return (
    <>
      <p className="text-kumo-subtle">
        A dry run evaluates a narrower role or other IP allow lists on every request with this key. It counts the
        requests that would be denied and denies none of them. You can then promote it.
      </p>
      <div>
        <Button onClick={onStart}>Start a dry run …</Button>
      </div>
    </>
  );
}

/** Does not ask for a confirmation: only counts are lost. */
function DiscardButton({ keyId }: { readonly keyId: string }) {
  const { discard } = useDryRunChanges(keyId);
  const { run, busy, problem } = useAction(discard);
  return (
    <>
      <Button loading={busy} onClick={run}>
        Discard
      </Button>
      {problem && <ProblemNotice problem={problem} />}
    </>
  );
}
