// Where a narrower role or list is tried on a key: nothing is refused for it, until it is promoted.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import type { TrialData } from "../../admin/dry-runs/schema.ts";
import { useAction } from "../action.ts";
import { useSession } from "../session.ts";
import { Section } from "../ui/facts.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { useTrial, useTrialChanges } from "./dry-run-data.ts";
import { TrialForm } from "./dry-run-form.tsx";
import { TrialReport } from "./dry-run-report.tsx";
import type { KeyRow } from "./key-row.ts";
import { PromoteTrial } from "./promote-dry-run.tsx";

export function KeyTrial({ keyRow: key }: { readonly keyRow: KeyRow }) {
  const { may } = useSession();
  const { data, error, isFetching, refetch } = useTrial(key.id);
  const [open, setOpen] = useState<"form" | "promotion" | null>(null);
  // Stays there for the receipt, when the trial itself has gone.
  const [promoted, setPromoted] = useState<TrialData | null>(null);
  const mayChange = may("API_KEY:CREATE");
  const trial = data?.trial ?? null;
  if (!error && (!data || (trial === null && !mayChange && open === null))) return null;
  const close = () => setOpen(null);
  return (
    <Section title="Try a narrower role or list">
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {data && trial === null && (
        <>
          <p className="text-kumo-subtle">
            Counts the calls that it would refuse, and refuses none of them. What it shows can then be made the key’s
            own.
          </p>
          <div>
            <Button onClick={() => setOpen("form")}>Start a trial …</Button>
          </div>
        </>
      )}
      {trial && <TrialReport keyRow={key} trial={trial} />}
      {trial && (
        <div className="flex flex-wrap gap-2">
          <Button loading={isFetching} onClick={() => void refetch()}>
            Count again
          </Button>
          {mayChange && (
            <>
              <Button
                variant="primary"
                onClick={() => {
                  setPromoted(trial);
                  setOpen("promotion");
                }}
              >
                Promote …
              </Button>
              <Button onClick={() => setOpen("form")}>Replace …</Button>
              <DropTrial id={key.id} />
            </>
          )}
        </div>
      )}
      {open === "form" && <TrialForm keyRow={key} trial={trial} onClose={close} />}
      {open === "promotion" && promoted && <PromoteTrial keyRow={key} trial={trial ?? promoted} onClose={close} />}
    </Section>
  );
}

/** Nothing is lost by it but counts, so it does not ask. */
function DropTrial({ id }: { readonly id: string }) {
  const { drop } = useTrialChanges(id);
  const { run, busy, problem } = useAction(drop);
  return (
    <>
      <Button loading={busy} onClick={run}>
        Drop
      </Button>
      {problem && <ProblemNotice problem={problem} />}
    </>
  );
}
