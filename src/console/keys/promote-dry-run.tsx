// Applies a dry run to its key after a confirmation, then shows when the change takes effect.
import { useState } from "react";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Facts } from "../ui/facts.tsx";
import { type DryRunData, useDryRunChanges } from "./dry-run-data.ts";
import { DryRunCounts, DryRunFacts } from "./dry-run-report.tsx";
import { type Effective, EffectsReceipt } from "./effects.tsx";
import type { KeyRow } from "./key-row.ts";
import { OwnKeyWarning } from "./own-key-warning.tsx";

interface PromoteProps {
  readonly keyRow: KeyRow;
  readonly dryRun: DryRunData;
  readonly onClose: () => void;
}

export function PromoteDryRun({ keyRow: key, dryRun, onClose }: PromoteProps) {
  const { promote } = useDryRunChanges(key.id);
  const [effective, setEffective] = useState<Effective | null>(null);
  if (effective !== null) {
    return (
      <EffectsReceipt title={`The dry run of “${key.name}” is promoted`} effective={effective} onClose={onClose}>
        The new role and IP allow lists apply to requests with this key:
      </EffectsReceipt>
    );
  }
  return (
    <ConfirmDialog
      title={`Promote the dry run of “${key.name}”?`}
      verb="Promote"
      onCancel={onClose}
      onConfirm={async (force) => setEffective(await promote(dryRun.info.id, force))}
    >
      <p>
        The key gets the role and the IP allow lists of the dry run. Requests that would have been denied are denied.
      </p>
      <Facts>
        <DryRunFacts keyRow={key} dryRun={dryRun} />
        <DryRunCounts dryRun={dryRun} />
      </Facts>
      <OwnKeyWarning keyId={key.id} consequence="You may lose access to parts of the console." />
    </ConfirmDialog>
  );
}
