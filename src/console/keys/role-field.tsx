// Selects a role and shows its permissions.
import { Badge } from "@cloudflare/kumo/components/badge";
import { useRoles } from "../roles/roles-data.ts";
import { ChoiceField } from "../ui/choice.tsx";
import { ProblemNotice } from "../ui/notices.tsx";

interface RoleFieldProps {
  readonly value: string;
  readonly onChange: (roleId: string) => void;
  readonly error: string | undefined;
  /** The label of an additional choice, whose value is `""`. */
  readonly unchanged?: string;
}

const UNCHANGED = "unchanged";

const ADMIN_ID = "36ec6789-6dbf-4d12-91b4-243587d6882b";

export function RoleField({ value, onChange, error, unchanged }: RoleFieldProps) {
  const roles = useRoles();
  const role = roles.data?.find(({ info }) => info.id === value);
  const choices = (roles.data ?? []).map(({ info }) => ({ value: info.id, text: info.display_name }));
  if (unchanged !== undefined) choices.unshift({ value: UNCHANGED, text: unchanged });
  if (roles.error) return <ProblemNotice problem={roles.error} onRetry={() => void roles.refetch()} />;
  return (
    <div className="flex flex-col gap-2">
      <ChoiceField
        label="Role"
        value={value === "" && unchanged !== undefined ? UNCHANGED : value}
        onChange={(choice) => onChange(choice === UNCHANGED ? "" : choice)}
        error={error}
        placeholder={roles.isPending ? "Loading roles …" : "Choose a role"}
        choices={choices}
      />
      {role && (
        <details className="rounded-lg border border-kumo-line px-3 py-2" open>
          <summary className="cursor-pointer">
            {role.spec.description || role.info.display_name}{" "}
            {role.info.id === ADMIN_ID && <Badge variant="warning">Everything</Badge>}
          </summary>
          <ul
            className="mt-2 flex max-h-40 flex-col gap-1 overflow-y-auto text-sm"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
            tabIndex={0}
            aria-label="Permissions"
          >
            {role.info.effective_permissions.map((resource) => (
              <li key={resource.resource_type}>
                <span className="font-medium">{resource.resource_name}:</span>{" "}
                <span className="text-kumo-subtle">
                  {resource.operation_groups.map((group) => wordsOf(group.operation_group)).join(", ")}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function wordsOf(operationGroup: string): string {
  return operationGroup.toLowerCase().replaceAll("_", " ");
}
