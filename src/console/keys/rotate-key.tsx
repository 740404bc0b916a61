// Rotates a key: first the overlap, then the successor itself, which is shown only once.
import { Button } from "@cloudflare/kumo/components/button";
import { type FormEvent, useState } from "react";
import type { RotatedApiKey } from "../../admin/api-keys/schema.ts";
import { useAction } from "../action.ts";
import { useSession } from "../session.ts";
import { ChoiceField } from "../ui/choice.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import type { KeyRow } from "./key-row.ts";
import { useUpdateKey } from "./keys-data.ts";
import { NewKey } from "./new-key.tsx";

const OVERLAPS = [
  { value: "24", text: "1 day" },
  { value: "168", text: "7 days" },
  { value: "720", text: "30 days" },
  { value: "1", text: "1 hour" },
  { value: "0", text: "None: the old key ends now" },
] as const;

export function RotateKey({ keyRow: key, onClose }: { readonly keyRow: KeyRow; readonly onClose: () => void }) {
  const { api, account } = useSession();
  const updateKey = useUpdateKey();
  const [overlap, setOverlap] = useState("24");
  // The only copy of the secret. It is gone when this dialog closes.
  const [created, setCreated] = useState<{ readonly key: KeyRow; readonly secret: string } | null>(null);
  const { run, busy, problem } = useAction(async () => {
    const path = `${account}/api-keys/${encodeURIComponent(key.id)}/rotate`;
    const body = { overlap_hours: Number(overlap) };
    const response = await api.send<RotatedApiKey>("POST", path, body, { "if-match": key.etag });
    updateKey(response.predecessor);
    setCreated({ key: updateKey(response.data), secret: response.jwt });
  });
  if (created !== null) return <NewKey keyRow={created.key} secret={created.secret} onStored={onClose} />;
  return (
    <Overlay title={`Rotate “${key.name}”`} onClose={onClose}>
      <form
        noValidate
        className="flex flex-col gap-6"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          run();
        }}
      >
        <p>
          A new key with the same role, allow lists and lifetime is created. Until this one ends, both work, and their
          sheets show how many requests each still carries.
        </p>
        <ChoiceField
          label="The old key still works for"
          value={overlap}
          onChange={setOverlap}
          choices={OVERLAPS}
          placeholder="Choose"
        />
        {problem && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={busy}>
            Rotate
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}
