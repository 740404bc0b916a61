// Gives all keys of an allow list another list in its place. The first confirmation shows which keys that would newly deny,
// the second one does it.
import { Button } from "@cloudflare/kumo/components/button";
import { type FormEvent, useState } from "react";
import type { AllowListData, ReplacedAllowList } from "../../admin/allow-lists/schema.ts";
import { useAction } from "../action.ts";
import { EffectsReceipt } from "../keys/effects.tsx";
import { ChoiceField } from "../ui/choice.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { countOf } from "../ui/numbers.ts";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { useAllowLists, useListChanges } from "./allow-lists-data.ts";
import { ListEffects } from "./edit-allow-list.tsx";

interface ReplaceProps {
  readonly list: AllowListData;
  readonly onClose: () => void;
}

export function ReplaceAllowList({ list, onClose }: ReplaceProps) {
  const { replaceOnKeys } = useListChanges();
  const others = useAllowLists().data?.filter(({ info }) => info.id !== list.info.id) ?? [];
  const [otherId, setOtherId] = useState("");
  const [preview, setPreview] = useState<ReplacedAllowList | null>(null);
  const [done, setDone] = useState<ReplacedAllowList | null>(null);
  const { run, busy, problem } = useAction(async () => {
    const response = await replaceOnKeys(list, otherId, preview === null);
    if (preview === null) setPreview(response);
    else setDone(response);
  });

  if (done !== null) {
    return (
      <EffectsReceipt
        title={`“${list.spec.name}” is replaced on ${countOf(done.affected_keys, "key")}`}
        effective={done.effective}
        onClose={onClose}
      >
        The addresses of “{done.data.spec.name}” apply to their requests:
      </EffectsReceipt>
    );
  }
  return (
    <Overlay title={`Replace “${list.spec.name}” on all keys`} onClose={onClose}>
      <form
        noValidate
        className="flex flex-col gap-5"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          run();
        }}
      >
        <p>All keys with this list get another one in its place. The list itself stays as it is.</p>
        {others.length === 0 ? (
          <p role="status">There is no other allow list. Create it first.</p>
        ) : (
          <ChoiceField
            label="The list in its place"
            value={otherId}
            onChange={(id) => {
              // A preview is of the list that was chosen.
              setPreview(null);
              setOtherId(id);
            }}
            placeholder="Choose a list"
            choices={others.map(({ spec, info }) => ({ value: info.id, text: spec.name }))}
          />
        )}
        {preview && <ListEffects effects={preview} />}
        {problem && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            variant={preview ? "destructive" : "primary"}
            loading={busy}
            disabled={otherId === "" || preview?.affected_keys === 0}
          >
            {preview ? `Replace on ${countOf(preview.affected_keys, "key")}` : "Continue"}
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}
