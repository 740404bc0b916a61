// What a key is to be tried with: another role, other lists, or both. What the server finds wrong stands at its field.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { type FormEvent, useState } from "react";
import type { TrialData } from "../../admin/dry-runs/schema.ts";
import { useAction } from "../action.ts";
import { faultIn, isBeyond } from "../problem.ts";
import { FieldError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { AddressesField } from "./addresses-field.tsx";
import { useTrialChanges } from "./dry-run-data.ts";
import type { KeyRow } from "./key-row.ts";
import { RoleField } from "./role-field.tsx";

interface FormProps {
  readonly keyRow: KeyRow;
  /** The one that it takes the place of. */
  readonly trial: TrialData | null;
  readonly onClose: () => void;
}

const FIELDS = ["role_id", "allow_list_info", "body"];

export function TrialForm({ keyRow: key, trial, onClose }: FormProps) {
  const { start } = useTrialChanges(key.id);
  /** `""`: as it is. */
  const [roleId, setRoleId] = useState(trial?.spec.role_id ?? "");
  /** `null`: as they are. */
  const [listIds, setListIds] = useState<readonly string[] | null>(trial?.spec.allow_list_info ?? null);
  const { run, busy, problem } = useAction(async () => {
    await start({
      ...(roleId === "" ? {} : { role_id: roleId }),
      ...(listIds === null ? {} : { allow_list_info: listIds }),
    });
    onClose();
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    run();
  }
  const nothing = faultIn(problem, "body") && "Choose another role, IP allow lists, or both.";
  return (
    <Overlay title={`Try a narrower role or list on “${key.name}”`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-6">
        <p>No call is refused for it: those that would be are counted.</p>
        {trial && (
          <Banner
            variant="alert"
            size="sm"
            title="The trial under way ends"
            description="Its counts are forgotten, and those of the new one begin at nothing."
          />
        )}
        <RoleField
          value={roleId}
          onChange={setRoleId}
          error={faultIn(problem, "role_id")}
          asItIs={`As it is: ${key.roleName}`}
        />
        <AddressesField
          value={listIds}
          onChange={setListIds}
          error={faultIn(problem, "allow_list_info")}
          without="The same addresses as now"
        />
        <FieldError error={nothing} />
        {problem && isBeyond(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={busy}>
            {trial ? "Replace the trial" : "Start the trial"}
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}
