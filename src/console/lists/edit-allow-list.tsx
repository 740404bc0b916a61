// Edits an allow list. The first confirmation shows which keys that would newly deny, the second one does it.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { type FormEvent, useState } from "react";
import type { AllowListData, ReplacedAllowList } from "../../admin/allow-lists/schema.ts";
import { useAction } from "../action.ts";
import { useFieldErrors } from "../field-errors.ts";
import { EffectsReceipt } from "../keys/effects.tsx";
import { isOutside } from "../problem.ts";
import { ProblemNotice } from "../ui/notices.tsx";
import { countOf } from "../ui/numbers.ts";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { DescriptionField, NameField } from "../ui/text-fields.tsx";
import { useListChanges } from "./allow-lists-data.ts";
import { RulesField } from "./create-allow-list.tsx";

const FIELDS = ["name", "description", "allow_list"];

interface EditProps {
  readonly list: AllowListData;
  readonly onClose: () => void;
}

export function EditAllowList({ list, onClose }: EditProps) {
  const { edit: change } = useListChanges();
  const [name, setName] = useState(list.spec.name);
  const [description, setDescription] = useState(list.spec.description);
  const [text, setText] = useState(list.spec.allow_list.join("\n"));
  const [preview, setPreview] = useState<ReplacedAllowList | null>(null);
  const [done, setDone] = useState<ReplacedAllowList | null>(null);
  const { run, busy, problem } = useAction(async () => {
    const rules = text.split(/[\s,]+/).filter(Boolean);
    const spec = { name: name.trim(), description: description.trim(), allow_list: rules };
    const response = await change(list, spec, preview === null);
    if (preview === null) setPreview(response);
    else setDone(response);
  });
  const { errorOf } = useFieldErrors(problem);
  // A preview is of what was entered.
  const edit = (set: (value: string) => void) => (value: string) => {
    setPreview(null);
    set(value);
  };

  if (done !== null) {
    return (
      <EffectsReceipt title={`“${name.trim()}” is edited`} effective={done.effective} onClose={onClose}>
        The new addresses apply to requests with {countOf(done.affected_keys, "API key")}:
      </EffectsReceipt>
    );
  }
  return (
    <Overlay title={`Edit “${list.spec.name}”`} onClose={onClose}>
      <form
        noValidate
        className="flex flex-col gap-5"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          run();
        }}
      >
        <NameField value={name} onChange={edit(setName)} error={errorOf("name")} />
        <DescriptionField value={description} onChange={edit(setDescription)} error={errorOf("description")} />
        <RulesField value={text} onChange={edit(setText)} error={errorOf("allow_list")} />
        {preview && <ListEffects effects={preview} />}
        {problem && isOutside(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant={preview ? "destructive" : "primary"} loading={busy}>
            {preview ? "Save" : "Continue"}
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}

/** What a change of a list would do to the keys that it is bound to. */
export function ListEffects({ effects }: { readonly effects: ReplacedAllowList }) {
  const { affected_keys, newly_denied, warnings } = effects;
  const denied = newly_denied.map((key) => `${key.name} (${key.last_used_address})`).join(", ");
  return (
    <div role="status" className="flex flex-col gap-3">
      <p>This changes the addresses of {countOf(affected_keys, "active API key")}.</p>
      {newly_denied.length > 0 && (
        <Banner
          variant="alert"
          title="Keys that were last used from an address that would be denied"
          description={denied}
        />
      )}
      {warnings.map(({ message }) => (
        <Banner key={message} variant="alert" title="Is this intended?" description={message} />
      ))}
    </div>
  );
}
