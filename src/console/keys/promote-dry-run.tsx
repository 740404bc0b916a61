// Makes a trial the key's own: asks first, with what it would have refused, then shows how soon it is felt.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import type { TrialData } from "../../admin/dry-runs/schema.ts";
import { useAction } from "../action.ts";
import { useSession } from "../session.ts";
import { Facts } from "../ui/facts.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { useTrialChanges } from "./dry-run-data.ts";
import { TrialCounts, TrialTerms } from "./dry-run-report.tsx";
import { type Effective, Effects } from "./effects.tsx";
import type { KeyRow } from "./key-row.ts";

interface PromoteProps {
  readonly keyRow: KeyRow;
  readonly trial: TrialData;
  readonly onClose: () => void;
}

export function PromoteTrial({ keyRow: key, trial, onClose }: PromoteProps) {
  const { selfId } = useSession();
  const { promote } = useTrialChanges(key.id);
  const [receipt, setReceipt] = useState<Effective | null>(null);
  const { run, busy, problem } = useAction(async (force: boolean) => setReceipt(await promote(trial.info.id, force)));
  if (receipt !== null) {
    return (
      <Overlay title={`The trial of “${key.name}” is promoted`} onClose={onClose}>
        <p role="status">What was on trial holds from now on:</p>
        <Effects effective={receipt} />
        <Buttons>
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </Buttons>
      </Overlay>
    );
  }
  const last = problem?.code === "last_manager";
  return (
    <Overlay title={`Promote the trial of “${key.name}”?`} onClose={onClose}>
      <p>What is on trial becomes the key’s own. Calls that it counted until now are refused from then on.</p>
      <Facts>
        <TrialTerms keyRow={key} trial={trial} />
        <TrialCounts trial={trial} />
      </Facts>
      {key.id === selfId && (
        <Banner
          variant="alert"
          title="This is the key that you are signed in with"
          description="You may lose access to some of the console."
        />
      )}
      {problem && <ProblemNotice problem={problem} />}
      <Buttons>
        <Button onClick={onClose}>Go on trying</Button>
        <Button variant="destructive" loading={busy} onClick={() => run(last)}>
          {last ? "Promote it all the same" : "Promote"}
        </Button>
      </Buttons>
    </Overlay>
  );
}
