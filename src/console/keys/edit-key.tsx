// Edits a key: name, description, role, expiry and allow lists. Then shows when the edit takes effect.
import { Button } from "@cloudflare/kumo/components/button";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { EditedApiKey } from "../../admin/api-keys/schema.ts";
import { useAction } from "../action.ts";
import { useFieldErrors } from "../field-errors.ts";
import { isOutside } from "../problem.ts";
import { useSession } from "../session.ts";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { DescriptionField, NameField } from "../ui/text-fields.tsx";
import { AddressesField } from "./addresses-field.tsx";
import { type Effective, EffectsReceipt } from "./effects.tsx";
import { type Expiry, ExpiryField, FIRST_EXPIRY, hoursOf, UnchangedExpiry } from "./expiry-field.tsx";
import type { KeyRow } from "./key-row.ts";
import { useUpdateKey } from "./keys-data.ts";
import { OwnKeyWarning } from "./own-key-warning.tsx";
import { RoleField } from "./role-field.tsx";

const FIELDS = ["name", "description", "role_id", "expire_after_hours", "allow_list_info"];

export function EditKey({ keyRow: key, onClose }: { readonly keyRow: KeyRow; readonly onClose: () => void }) {
  const { api, account } = useSession();
  const client = useQueryClient();
  const updateKey = useUpdateKey();
  const [name, setName] = useState(key.name);
  const [description, setDescription] = useState(key.description);
  const [roleId, setRoleId] = useState(key.roleId);
  /** `null`: the expiry stays as it is. */
  const [expiry, setExpiry] = useState<Expiry | null>(null);
  /** `null`: any address. */
  const [listIds, setListIds] = useState<readonly string[] | null>(key.listIds.length === 0 ? null : key.listIds);
  const [effective, setEffective] = useState<Effective | null>(null);
  const { run, busy, problem } = useAction(async (edit: Readonly<Record<string, unknown>>, force: boolean) => {
    const path = `${account}/api-keys/${encodeURIComponent(key.id)}${force ? "?force=true" : ""}`;
    const response = await api.send<EditedApiKey>("PATCH", path, edit, { "if-match": key.etag });
    updateKey(response.data);
    void client.invalidateQueries({ queryKey: ["key-events", key.id] });
    setEffective(response.effective);
  });
  const { check, errorOf } = useFieldErrors(problem);
  const lastManager = problem?.code === "last_manager";

  function submit(event: FormEvent) {
    event.preventDefault();
    const hours = expiry === null ? undefined : hoursOf(expiry, Date.now());
    const valid = check({
      ...(name.trim() === "" ? { name: "Enter a name." } : {}),
      ...(hours === null ? { expire_after_hours: "Choose a date in the future." } : {}),
      ...(listIds?.length === 0 ? { allow_list_info: "Choose at least one list, or allow any address." } : {}),
    });
    if (!valid) return;
    const terms = { name: name.trim(), description: description.trim(), role_id: roleId };
    const duration = hours === undefined ? {} : { expire_after_hours: hours };
    run({ ...terms, ...duration, allow_list_info: listIds ?? [] }, lastManager);
  }

  if (effective !== null) {
    return (
      <EffectsReceipt title={`“${name.trim()}” is edited`} effective={effective} onClose={onClose}>
        The new terms apply to requests with this key:
      </EffectsReceipt>
    );
  }
  return (
    <Overlay title={`Edit “${key.name}”`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-6">
        <NameField value={name} onChange={setName} error={errorOf("name")} />
        <DescriptionField value={description} onChange={setDescription} error={errorOf("description")} />
        <RoleField value={roleId} onChange={setRoleId} error={errorOf("role_id")} />
        {expiry === null ? (
          <UnchangedExpiry never={key.expiresAt === null} onChange={() => setExpiry(FIRST_EXPIRY)} />
        ) : (
          <ExpiryField value={expiry} onChange={setExpiry} error={errorOf("expire_after_hours")} />
        )}
        <AddressesField value={listIds} onChange={setListIds} error={errorOf("allow_list_info")} />
        <OwnKeyWarning keyId={key.id} consequence="You may lose access to parts of the console." />
        {problem && isOutside(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={busy}>
            {lastManager ? "Save anyway" : "Save"}
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}
