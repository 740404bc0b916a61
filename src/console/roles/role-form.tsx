// Creates a role, from an empty draft or a copy of another role, or changes one.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { type FormEvent, useState } from "react";
import type { RoleData, RoleSpec } from "../../admin/roles/schema.ts";
import { useAction } from "../action.ts";
import { useFieldErrors } from "../field-errors.ts";
import { isOutside } from "../problem.ts";
import { Section } from "../ui/facts.tsx";
import { FieldError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { DescriptionField, NameField } from "../ui/text-fields.tsx";
import { PermissionMatrix } from "./permission-matrix.tsx";
import { useRoleChanges } from "./roles-data.ts";

export interface RoleDraft {
  /** `null`: a new role. */
  readonly changes: Pick<RoleData["info"], "id" | "etag"> | null;
  readonly name: string;
  readonly description: string;
  readonly permissions: ReadonlySet<string>;
  /** Active keys that a change affects. */
  readonly keysInUse: number;
}

export const EMPTY_DRAFT: RoleDraft = {
  changes: null,
  name: "",
  description: "",
  permissions: new Set(),
  keysInUse: 0,
};

interface RoleFormProps {
  readonly draft: RoleDraft;
  readonly onClose: () => void;
  readonly onSaved: (id: string) => void;
}

const FIELDS = ["name", "description", "permissions"];

export function RoleForm({ draft, onClose, onSaved }: RoleFormProps) {
  const { save } = useRoleChanges();
  const [name, setName] = useState(draft.name);
  const [description, setDescription] = useState(draft.description);
  const [chosen, setChosen] = useState(draft.permissions);
  const { run, busy, problem } = useAction(async (force: boolean) => {
    const spec = { name: name.trim(), description: description.trim(), permissions: permissionsOf(chosen) };
    const role = await save(draft.changes, spec, force);
    onSaved(role.info.id);
  });
  const { check, errorOf } = useFieldErrors(problem);
  const lastManager = problem?.code === "last_manager";

  function submit(event: FormEvent) {
    event.preventDefault();
    const valid = check({
      ...(name.trim() === "" ? { name: "Enter a name." } : {}),
      ...(chosen.size === 0 ? { permissions: "Choose at least one permission." } : {}),
    });
    if (valid) run(lastManager);
  }

  return (
    <Overlay shape="wide" title={draft.changes === null ? "Create a role" : `Edit “${draft.name}”`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        {draft.keysInUse > 0 && (
          <Banner
            variant="alert"
            size="sm"
            title={`${draft.keysInUse} active ${draft.keysInUse === 1 ? "key has" : "keys have"} this role`}
            description="Changed permissions also apply to these keys."
          />
        )}
        <NameField value={name} onChange={setName} error={errorOf("name")} />
        <DescriptionField value={description} onChange={setDescription} error={errorOf("description")} />
        <Section title="Permissions">
          <FieldError error={errorOf("permissions")} />
          <PermissionMatrix chosen={chosen} onChange={setChosen} />
        </Section>
        {problem && isOutside(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={busy}>
            {lastManager ? "Save anyway" : draft.changes === null ? "Create role" : "Save"}
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}

function permissionsOf(chosen: ReadonlySet<string>): RoleSpec["permissions"] {
  const pairs = [...chosen].map((name) => name.split(":") as [string, string]);
  const resources = Map.groupBy(pairs, ([resource]) => resource);
  return [...resources].map(([resource_type, groups]) => ({
    resource_type,
    operation_groups: groups.map(([, operation_group]) => ({ operation_group })),
  }));
}
