// Replaces the policy of the account.
import { Button } from "@cloudflare/kumo/components/button";
import { Checkbox } from "@cloudflare/kumo/components/checkbox";
import { Input } from "@cloudflare/kumo/components/input";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { PolicyData } from "../../admin/policy/schema.ts";
import { useAction } from "../action.ts";
import { useFieldErrors } from "../field-errors.ts";
import { isOutside } from "../problem.ts";
import { ChoiceField } from "../ui/choice.tsx";
import { FieldError, withError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { type PolicySpec, useSavePolicy } from "./policy-data.ts";
import { LEAK_ACTIONS } from "./policy-words.ts";

const LIMITS = {
  max_lifetime_hours: "Longest life of a new key, in hours",
  max_overlap_hours: "Longest overlap of a rotation, in hours",
  disable_after_idle_days: "Disable keys after so many days without use",
  archive_after_days: "Archive keys so many days after their end",
} as const;
const FLAGS = {
  never_expiring_by_admins_only: "Only Admins create keys that never expire",
  admin_keys_by_operators_only: "Only people create keys that can create and revoke keys",
  second_person: "A second person approves force, and whatever lets somebody create and revoke keys",
} as const;
type Limit = keyof typeof LIMITS;
type Flag = keyof typeof FLAGS;

const LIMIT_NAMES = Object.keys(LIMITS) as Limit[];
const FLAG_NAMES = Object.keys(FLAGS) as Flag[];
const FIELDS = [...LIMIT_NAMES, ...FLAG_NAMES, "leak_action"];
const NO_NUMBER = "Enter a whole number, or leave it empty for no limit.";

interface FormProps {
  readonly policy: PolicyData;
  readonly onClose: () => void;
}

export function PolicyForm({ policy, onClose }: FormProps) {
  const save = useSavePolicy();
  const client = useQueryClient();
  // What the edit is based on: the page below may show a newer policy by now.
  const [shown] = useState(policy);
  const [flags, setFlags] = useState<Pick<PolicySpec, Flag | "leak_action">>(shown.spec);
  const [limits, setLimits] = useState(
    () =>
      Object.fromEntries(LIMIT_NAMES.map((name) => [name, String(shown.spec[name] ?? "")])) as Record<Limit, string>,
  );
  const { run, busy, problem } = useAction(async (spec: PolicySpec) => {
    await save(shown, spec);
    onClose();
  });
  const { check, errorOf } = useFieldErrors(problem);

  function submit(event: FormEvent) {
    event.preventDefault();
    const wrong = LIMIT_NAMES.filter((name) => !/^\d{0,9}$/.test(limits[name].trim()));
    if (!check(Object.fromEntries(wrong.map((name) => [name, NO_NUMBER])))) return;
    const numbers = LIMIT_NAMES.map((name) => [name, limits[name].trim() === "" ? null : Number(limits[name])]);
    run({ ...flags, ...(Object.fromEntries(numbers) as Pick<PolicySpec, Limit>) });
  }

  function showCurrent() {
    onClose();
    void client.invalidateQueries({ queryKey: ["policy"] });
  }

  const limit = (name: Limit) => (
    <Input
      key={name}
      label={LIMITS[name]}
      className="w-48"
      inputMode="numeric"
      autoComplete="off"
      value={limits[name]}
      onChange={(event) => setLimits((before) => ({ ...before, [name]: event.target.value }))}
      {...withError(errorOf(name))}
    />
  );
  return (
    <Overlay title="Edit the policy" onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        <p>What is left empty has no limit. Keys that exist stay as they are.</p>
        {LIMIT_NAMES.map(limit)}
        {FLAG_NAMES.map((name) => (
          <div key={name}>
            <Checkbox
              label={FLAGS[name]}
              checked={flags[name]}
              onCheckedChange={(checked: boolean) => setFlags((before) => ({ ...before, [name]: checked }))}
            />
            <FieldError error={errorOf(name)} />
          </div>
        ))}
        <ChoiceField
          label="A key that is reported as leaked"
          value={flags.leak_action}
          onChange={(value) => setFlags((before) => ({ ...before, leak_action: value as PolicySpec["leak_action"] }))}
          choices={Object.entries(LEAK_ACTIONS).map(([value, text]) => ({ value, text }))}
          placeholder="Choose"
          error={errorOf("leak_action")}
        />
        {problem && isOutside(problem, FIELDS) && (
          <ProblemNotice problem={problem}>
            {problem.code === "precondition_failed" && (
              <Button size="sm" onClick={showCurrent}>
                Close and show the current policy
              </Button>
            )}
          </ProblemNotice>
        )}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={busy}>
            Save
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}
