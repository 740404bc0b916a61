// Revokes the keys of a filter: first the filter, then the number and the names of its keys, which the user confirms.
import { useState } from "react";
import { useAction } from "../action.ts";
import { useSession } from "../session.ts";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { countOf } from "../ui/numbers.ts";
import { Overlay } from "../ui/overlay.tsx";
import { type Counted, KeyNames, type RevokeFilter, recounted, useBulkRevocation } from "./bulk-revocation.tsx";
import { type Effective, EffectsReceipt } from "./effects.tsx";
import { useKeys } from "./keys-data.ts";
import { RevokeFilterForm } from "./revoke-filter.tsx";

interface RevokeKeysProps {
  /** Whether the filter begins with the keys that the policy would not allow. */
  readonly noncompliant: boolean;
  readonly onClose: () => void;
}

export function RevokeKeys({ noncompliant, onClose }: RevokeKeysProps) {
  const { byProxy } = useSession();
  const { data, isFetching } = useKeys();
  const { count, revoke, reload } = useBulkRevocation();
  /** What the user is asked to confirm. */
  const [asked, setAsked] = useState<(Counted & { readonly filter: RevokeFilter }) | null>(null);
  const [revoked, setRevoked] = useState<{ readonly count: number; readonly effective: Effective } | null>(null);
  const { run, busy, problem } = useAction(async (filter: RevokeFilter) => {
    setAsked({ filter, ...(await count(filter)) });
  });

  async function confirm({ filter, count }: { readonly filter: RevokeFilter; readonly count: number }, force: boolean) {
    try {
      setRevoked({ count, effective: await revoke(filter, count, force) });
    } catch (error) {
      const now = recounted(error);
      if (now !== null) setAsked({ filter, ...now });
      throw error;
    } finally {
      reload();
    }
  }

  if (revoked !== null) {
    const title = `${countOf(revoked.count, "key")} ${revoked.count === 1 ? "is" : "are"} revoked`;
    return (
      <EffectsReceipt title={title} effective={revoked.effective} onClose={onClose}>
        Requests with {revoked.count === 1 ? "this key" : "these keys"} are denied:
      </EffectsReceipt>
    );
  }
  return (
    <Overlay title="Revoke keys" onClose={onClose}>
      <RevokeFilterForm
        rows={data?.rows ?? []}
        loading={isFetching}
        noncompliant={noncompliant}
        busy={busy}
        problem={problem}
        found={asked?.count ?? null}
        onSubmit={run}
        onChange={() => setAsked(null)}
        onCancel={onClose}
      />
      {asked !== null && asked.count > 0 && (
        <ConfirmDialog
          title={`Revoke ${countOf(asked.count, "key")}?`}
          verb={`Revoke ${countOf(asked.count, "key")}`}
          onCancel={() => setAsked(null)}
          onConfirm={(force) => confirm(asked, force)}
        >
          <p>
            All further requests with {asked.count === 1 ? "this key" : "these keys"} are denied. A revoked key cannot
            be restored.{!byProxy && " The key that you are signed in with is never among them."}
          </p>
          <KeyNames label="Keys to revoke" counted={asked} />
        </ConfirmDialog>
      )}
    </Overlay>
  );
}
