// The members of the policy in words.
import { countOf } from "../ui/numbers.ts";
import type { PolicySpec } from "./policy-data.ts";

export const LEAK_ACTIONS: Readonly<Record<PolicySpec["leak_action"], string>> = {
  revoke: "It is revoked",
  disable: "It is disabled, until somebody enables it",
  tell: "It is only marked as compromised",
};

const HOURS_OF_DAY = 24;

function hours(value: number): string {
  const days = value / HOURS_OF_DAY;
  const text = countOf(value, "hour");
  return value > HOURS_OF_DAY && Number.isInteger(days) ? `${text} (${countOf(days, "day")})` : text;
}

/** Each member: its name, and the sentence that its value makes. */
export function sentencesOf(spec: PolicySpec): readonly { readonly name: string; readonly text: string }[] {
  const { max_lifetime_hours: life, max_overlap_hours: overlap } = spec;
  const { disable_after_idle_days: idle, archive_after_days: archive } = spec;
  return [
    { name: "Life of a new key", text: life === null ? "No limit." : `At most ${hours(life)}.` },
    {
      name: "Overlap of a rotation",
      text: overlap === null ? "No limit but that of Gatehouse, 720 hours." : `At most ${hours(overlap)}.`,
    },
    {
      name: "Keys that never expire",
      text:
        life !== null
          ? "Nobody creates them: the life of a new key is limited."
          : spec.never_expiring_by_admins_only
            ? "Only Admins create them."
            : "Everybody who creates keys may create them.",
    },
    {
      name: "Keys that can create and revoke keys",
      text: spec.admin_keys_by_operators_only
        ? "Only operators create them: no API key does."
        : "Operators and API keys create them.",
    },
    {
      name: "Second person",
      text: spec.second_person
        ? "Another person approves force, whatever lets somebody create and revoke keys, and every change of this policy."
        : "Nobody has to approve anything.",
    },
    {
      name: "Keys that nobody uses",
      text: idle === null ? "They stay as they are." : `They are disabled after ${countOf(idle, "day")} without use.`,
    },
    {
      name: "Revoked and expired keys",
      text: archive === null ? "They stay in the list." : `They are archived after ${countOf(archive, "day")}.`,
    },
    { name: "A key that is reported as leaked", text: `${LEAK_ACTIONS[spec.leak_action]}.` },
  ];
}
