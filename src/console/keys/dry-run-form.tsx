// The terms of a dry run: another role, other allow lists, or both.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { type FormEvent, useState } from "react";
import { useAction } from "../action.ts";
import { fieldErrorOf, isOutside } from "../problem.ts";
import { FieldError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { AddressesField } from "./addresses-field.tsx";
import { type DryRunData, useDryRunChanges } from "./dry-run-data.ts";
import type { KeyRow } from "./key-row.ts";
import { RoleField } from "./role-field.tsx";

interface FormProps {
  readonly keyRow: KeyRow;
  /** The current dry run, which the new one replaces. */
  readonly current: DryRunData | null;
  readonly onClose: () => void;
}

const FIELDS = ["role_id", "allow_list_info", "body"];

export function DryRunForm({ keyRow: key, current, onClose }: FormProps) {
  const { start } = useDryRunChanges(key.id);
  /** `""`: unchanged. */
  const [roleId, setRoleId] = useState(current?.spec.role_id ?? "");
  /** `null`: unchanged. */
  const [listIds, setListIds] = useState<readonly string[] | null>(current?.spec.allow_list_info ?? null);
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
  return (
    <Overlay title={`Dry run on “${key.name}”`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-6">
        <p>A dry run denies no request. It counts the requests that would be denied.</p>
        {current && (
          <Banner
            variant="alert"
            size="sm"
            title="The current dry run ends"
            description="Its counts are deleted. The new counts start at zero."
          />
        )}
        <RoleField
          value={roleId}
          onChange={setRoleId}
          error={fieldErrorOf(problem, "role_id")}
          unchanged={`Unchanged: ${key.roleName}`}
        />
        <AddressesField
          value={listIds}
          onChange={setListIds}
          error={fieldErrorOf(problem, "allow_list_info")}
          unrestricted="Unchanged addresses"
        />
        <FieldError error={fieldErrorOf(problem, "body") && "Choose another role, IP allow lists, or both."} />
        {problem && isOutside(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={busy}>
            {current ? "Replace dry run" : "Start dry run"}
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}
