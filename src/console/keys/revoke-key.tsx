// Revokes a key after a confirmation, on demand with its descendants, then shows when the revocation takes effect.
import { Checkbox } from "@cloudflare/kumo/components/checkbox";
import { useRef, useState } from "react";
import type { RevokedApiKey } from "../../admin/api-keys/schema.ts";
import { useSession } from "../session.ts";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Fact, Facts } from "../ui/facts.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { countOf } from "../ui/numbers.ts";
import { When } from "../ui/time.tsx";
import { KeyNames, useBulkRevocation, useDescendants } from "./bulk-revocation.tsx";
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
  const { api, account, selfId } = useSession();
  const updateKey = useUpdateKey();
  const bulk = useBulkRevocation();
  const descendants = useDescendants(key);
  const [withDescendants, setWithDescendants] = useState(false);
  const [others, setOthers] = useState(0);
  // The key itself may have to wait for a second person when its descendants are revoked already.
  const descendantsRevoked = useRef(false);
  const [effective, setEffective] = useState<Effective | null>(null);

  async function revokeDescendants(force: boolean): Promise<void> {
    const found = descendants.data;
    if (!withDescendants || found === undefined || found.count === 0 || descendantsRevoked.current) return;
    // With the key itself: a transaction of both leaves it no time to create another one.
    await bulk
      .revoke({ descendants_of_id: key.id }, found.matching, force)
      .then(() => {
        descendantsRevoked.current = true;
        setOthers(found.count);
        // Once its own key is revoked the session cannot read anything.
        if (key.id !== selfId) bulk.reload();
      })
      .finally(() => descendants.refetch());
  }

  async function revoke(force: boolean): Promise<void> {
    await revokeDescendants(force);
    const path = `${account}/api-keys/${encodeURIComponent(key.id)}/revoke`;
    const response = await api.send<RevokedApiKey>("POST", path, force ? { force } : {});
    updateKey(response.data);
    setEffective(response.effective);
  }
  if (effective !== null) {
    return (
      <EffectsReceipt title={`“${key.name}” is revoked`} effective={effective} onClose={onClose}>
        Requests with this key{others > 0 && ` and its ${countOf(others, "descendant")}`} are denied:
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
      {descendants.isLoading && <p role="status">Looking for keys that it has created …</p>}
      {descendants.error && <ProblemNotice problem={descendants.error} />}
      {descendants.data && descendants.data.count > 0 && (
        <>
          <p>It has descendants, which it has created or was rotated to:</p>
          <KeyNames label="Descendants" counted={descendants.data} />
          <Checkbox
            label={`Also revoke its ${countOf(descendants.data.count, "descendant")}`}
            checked={withDescendants}
            onCheckedChange={setWithDescendants}
          />
        </>
      )}
      <OwnKeyWarning keyId={key.id} consequence="You will be signed out." />
    </ConfirmDialog>
  );
}
