// Disables a key after a confirmation, or enables it again, then shows when that takes effect.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import type { RevokedApiKey } from "../../admin/api-keys/schema.ts";
import { useSession } from "../session.ts";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { type Effective, EffectsReceipt } from "./effects.tsx";
import type { KeyRow } from "./key-row.ts";
import { useUpdateKey } from "./keys-data.ts";
import { OwnKeyWarning } from "./own-key-warning.tsx";

interface DisableKeyProps {
  readonly keyRow: KeyRow;
  readonly onClose: () => void;
}

export function DisableKey({ keyRow: key, onClose }: DisableKeyProps) {
  const { api, account } = useSession();
  const updateKey = useUpdateKey();
  // The key changes with the response; the dialog stays about what was asked.
  const [verb] = useState(key.status === "DISABLED" ? "Enable" : "Disable");
  const [effective, setEffective] = useState<Effective | null>(null);
  const enabling = verb === "Enable";
  async function change(force: boolean): Promise<void> {
    const path = `${account}/api-keys/${encodeURIComponent(key.id)}/${verb.toLowerCase()}`;
    const response = await api.send<RevokedApiKey>("POST", path, enabling ? undefined : { force });
    updateKey(response.data);
    setEffective(response.effective);
  }
  if (effective !== null) {
    return (
      <EffectsReceipt title={`“${key.name}” is ${verb.toLowerCase()}d`} effective={effective} onClose={onClose}>
        Requests with this key are {enabling ? "allowed again" : "denied"}:
      </EffectsReceipt>
    );
  }
  return (
    <ConfirmDialog title={`${verb} “${key.name}”?`} verb={verb} onCancel={onClose} onConfirm={change}>
      <p>
        {enabling
          ? "The key works again, with its role, its expiry and its allow lists."
          : "All further requests with this key are denied until somebody enables it."}
      </p>
      {!enabling && <OwnKeyWarning keyId={key.id} consequence="You will be signed out." />}
    </ConfirmDialog>
  );
}

/** The button that opens the dialog: a key that is neither revoked nor expired can be disabled, and a disabled one enabled. */
export function DisableButton({ keyRow: key, onOpen }: { readonly keyRow: KeyRow; readonly onOpen: () => void }) {
  const { may, selfId } = useSession();
  if (key.status === "DISABLED") return may("API_KEY:CREATE") && <Button onClick={onOpen}>Enable this key …</Button>;
  if (key.status !== "ACTIVE" || !(may("API_KEY:REVOKE") || key.id === selfId)) return null;
  return <Button onClick={onOpen}>Disable this key …</Button>;
}
