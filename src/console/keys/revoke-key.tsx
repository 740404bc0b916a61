// Revokes a key after a confirmation, then shows when the revocation takes effect.
import { useState } from "react";
import type { RevokedApiKey } from "../../admin/api-keys/schema.ts";
import { useSession } from "../session.ts";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Fact, Facts } from "../ui/facts.tsx";
import { When } from "../ui/time.tsx";
import { type Effective, EffectsReceipt } from "./effects.tsx";
import type { KeyRow } from "./key-row.ts";
import { useUpdateKey } from "./keys-data.ts";
import { LastUse } from "./last-use.tsx";
import { OwnKeyWarning } from "./own-key-warning.tsx";

interface RevokeKeyProps {
  readonly keyRow: KeyRow;
  readonly onClose: () => void;
}

export function RevokeKey({ keyRow: key, onClose }: RevokeKeyProps) {
  const { api, account } = useSession();
  const updateKey = useUpdateKey();
  const [effective, setEffective] = useState<Effective | null>(null);
  async function revoke(force: boolean): Promise<void> {
    const path = `${account}/api-keys/${encodeURIComponent(key.id)}/revoke`;
    const response = await api.send<RevokedApiKey>("POST", path, force ? { force } : {});
    updateKey(response.data);
    setEffective(response.effective);
  }
  if (effective !== null) {
    return (
      <EffectsReceipt title={`“${key.name}” is revoked`} effective={effective} onClose={onClose}>
        Requests with this key are denied:
      </EffectsReceipt>
    );
  }
  return (
    <ConfirmDialog title={`Revoke “${key.name}”?`} verb="Revoke" onCancel={onClose} onConfirm={revoke}>
      <p>All further requests with this key are denied. A revoked key cannot be restored.</p>
      <Facts>
        <Fact name="Role">{key.roleName}</Fact>
        <Fact name="Created">
          <When at={key.createdAt} exact />
        </Fact>
        <LastUse keyRow={key} />
      </Facts>
      <OwnKeyWarning keyId={key.id} consequence="You will be signed out." />
    </ConfirmDialog>
  );
}
