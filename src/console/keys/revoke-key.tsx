// Ends a key for good: asks first, naming it, then shows how soon the end is felt.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import type { RevokedApiKey } from "../../admin/api-keys/schema.ts";
import { useAction } from "../action.ts";
import { useSession } from "../session.ts";
import { Fact, Facts } from "../ui/facts.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { When } from "../ui/time.tsx";
import { type Effective, Effects } from "./effects.tsx";
import type { KeyRow } from "./key-row.ts";
import { useRememberKey } from "./keys-data.ts";
import { LastUse } from "./last-use.tsx";

interface RevokeKeyProps {
  readonly keyRow: KeyRow;
  readonly onClose: () => void;
}

export function RevokeKey({ keyRow: key, onClose }: RevokeKeyProps) {
  const { api, account, selfId } = useSession();
  const remember = useRememberKey();
  const [receipt, setReceipt] = useState<Effective | null>(null);
  const { run, busy, problem } = useAction(async (force: boolean) => {
    const path = `${account}/api-keys/${encodeURIComponent(key.id)}/revoke`;
    const answer = await api.send<RevokedApiKey>("POST", path, force ? { force } : {});
    remember(answer.data);
    setReceipt(answer.effective);
  });
  if (receipt !== null) return <RevokedReceipt name={key.name} receipt={receipt} onClose={onClose} />;

  const last = problem?.code === "last_manager";
  return (
    <Overlay title={`Revoke “${key.name}”?`} onClose={onClose}>
      <p>Every call with this key is refused from then on. A revoked key cannot be brought back.</p>
      <Facts>
        <Fact name="Role">{key.roleName}</Fact>
        <Fact name="Created">
          <When at={key.createdAt} exact />
        </Fact>
        <LastUse keyRow={key} />
      </Facts>
      {key.id === selfId && (
        <Banner
          variant="alert"
          title="This is the key that you are signed in with"
          description="You will be signed out."
        />
      )}
      {problem && <ProblemNotice problem={problem} />}
      <Buttons>
        <Button onClick={onClose}>Keep it</Button>
        <Button variant="destructive" loading={busy} onClick={() => run(last)}>
          {last ? "Revoke it all the same" : "Revoke"}
        </Button>
      </Buttons>
    </Overlay>
  );
}

interface ReceiptProps {
  readonly name: string;
  readonly receipt: Effective;
  readonly onClose: () => void;
}

function RevokedReceipt({ name, receipt, onClose }: ReceiptProps) {
  return (
    <Overlay title={`“${name}” is revoked`} onClose={onClose}>
      <p role="status">The key is refused everywhere:</p>
      <Effects effective={receipt} />
      <Buttons>
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      </Buttons>
    </Overlay>
  );
}
