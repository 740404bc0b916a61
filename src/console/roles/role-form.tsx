// Makes a role, from nothing or from another one, or changes it.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { type FormEvent, useState } from "react";
import type { RoleSpec } from "../../admin/roles/schema.ts";
import { useAction } from "../action.ts";
import { faultIn, isBeyond } from "../problem.ts";
import { Section } from "../ui/facts.tsx";
import { FieldError, withError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { PermissionMatrix } from "./permission-matrix.tsx";
import { useRoleChanges } from "./roles-data.ts";

export interface Draft {
  /** `null`: a new role. */
  readonly id: string | null;
  readonly name: string;
  readonly description: string;
  readonly permissions: ReadonlySet<string>;
  /** How many active keys a change is felt by. */
  readonly keysInUse: number;
}

export const EMPTY_DRAFT: Draft = { id: null, name: "", description: "", permissions: new Set(), keysInUse: 0 };

interface RoleFormProps {
  readonly draft: Draft;
  readonly onClose: () => void;
  readonly onSaved: (id: string) => void;
}

const FIELDS = ["name", "description", "permissions"];

export function RoleForm({ draft, onClose, onSaved }: RoleFormProps) {
  const { save } = useRoleChanges();
  const [name, setName] = useState(draft.name);
  const [description, setDescription] = useState(draft.description);
  const [chosen, setChosen] = useState(draft.permissions);
  const [missing, setMissing] = useState<Readonly<Record<string, string>>>({});
  const { run, busy, problem } = useAction(async (force: boolean) => {
    const spec = { name: name.trim(), description: description.trim(), permissions: permissionsOf(chosen) };
    const role = await save(draft.id, spec, force);
    onSaved(role.info.id);
  });
  const lastManager = problem?.code === "last_manager";

  function submit(event: FormEvent) {
    event.preventDefault();
    const lacking = {
      ...(name.trim() === "" ? { name: "Give the role a name." } : {}),
      ...(chosen.size === 0 ? { permissions: "Choose at least one permission." } : {}),
    };
    setMissing(lacking);
    if (Object.keys(lacking).length === 0) run(lastManager);
  }

  const errorOf = (field: string) => missing[field] ?? faultIn(problem, field);
  return (
    <Overlay shape="wide" title={draft.id === null ? "Create a role" : `Edit “${draft.name}”`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        {draft.keysInUse > 0 && (
          <Banner
            variant="alert"
            size="sm"
            title={`${draft.keysInUse} active ${draft.keysInUse === 1 ? "key has" : "keys have"} this role`}
            description="They gain and lose what is changed here, at once."
          />
        )}
        <Input
          label="Name"
          className="w-full"
          autoComplete="off"
          maxLength={64}
          value={name}
          onChange={(event) => setName(event.target.value)}
          {...withError(errorOf("name"))}
        />
        <Input
          label="Description (optional)"
          className="w-full"
          maxLength={256}
          value={description}
          onChange={(event) => setDescription(event.target.value)}
          {...withError(errorOf("description"))}
        />
        <Section title="Permissions">
          <FieldError error={errorOf("permissions")} />
          <PermissionMatrix chosen={chosen} onChange={setChosen} />
        </Section>
        {problem && isBeyond(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={busy}>
            {lastManager ? "Save all the same" : draft.id === null ? "Create role" : "Save"}
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
