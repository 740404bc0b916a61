// The permissions of a role by resource: editable with `onChange`, otherwise read-only.
import { Badge } from "@cloudflare/kumo/components/badge";
import { Checkbox } from "@cloudflare/kumo/components/checkbox";
import type { PermissionData } from "../../admin/permissions/schema.ts";
import { LoadingRows, ProblemNotice } from "../ui/notices.tsx";
import { useCatalog } from "./roles-data.ts";

interface MatrixProps {
  /** Names such as `CLUSTER:READ`. */
  readonly chosen: ReadonlySet<string>;
  /** The chosen permissions and those that they imply. */
  readonly effective?: ReadonlySet<string>;
  readonly onChange?: (chosen: ReadonlySet<string>) => void;
}

export function PermissionMatrix({ chosen, effective = chosen, onChange }: MatrixProps) {
  const { data, error, refetch } = useCatalog();
  if (error) return <ProblemNotice problem={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <LoadingRows what="permissions" />;
  const shown = onChange ? data : data.filter(({ info }) => namesOf(info).some((name) => effective.has(name)));
  return (
    <table className="w-full table-fixed text-left">
      <caption className="sr-only">Permissions by resource</caption>
      <thead>
        <tr className="border-b border-kumo-line text-sm text-kumo-subtle">
          <th scope="col" className="w-2/5 py-2 pr-3 font-medium">
            Resource
          </th>
          <th scope="col" className="py-2 font-medium">
            Permissions
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map(({ info }) => (
          <tr key={info.resource_type} className="border-b border-kumo-line align-top last:border-0">
            <th scope="row" className="py-2.5 pr-3 font-medium break-words">
              {info.resource_name}
            </th>
            <td className="py-2.5">
              {onChange ? (
                <Choices info={info} chosen={chosen} onChange={onChange} />
              ) : (
                <Granted info={info} chosen={chosen} effective={effective} />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Resource = PermissionData["info"];

function namesOf(info: Resource): readonly string[] {
  return info.operation_groups.map((group) => `${info.resource_type}:${group.operation_group}`);
}

interface GrantedProps {
  readonly info: Resource;
  readonly chosen: ReadonlySet<string>;
  readonly effective: ReadonlySet<string>;
}

function Granted({ info, chosen, effective }: GrantedProps) {
  const groups = info.operation_groups.filter((group) =>
    effective.has(`${info.resource_type}:${group.operation_group}`),
  );
  return (
    <ul className="flex flex-col gap-1">
      {groups.map((group) => (
        <li key={group.operation_group} className="flex flex-wrap items-center gap-2">
          {group.operation_group_description}
          {!chosen.has(`${info.resource_type}:${group.operation_group}`) && <Badge variant="outline">Implied</Badge>}
          {group.tags.length > 0 && <Badge variant="warning">Sensitive</Badge>}
        </li>
      ))}
    </ul>
  );
}

interface ChoicesProps {
  readonly info: Resource;
  readonly chosen: ReadonlySet<string>;
  readonly onChange: (chosen: ReadonlySet<string>) => void;
}

function Choices({ info, chosen, onChange }: ChoicesProps) {
  function toggle(name: string, on: boolean) {
    const next = new Set(chosen);
    if (on) next.add(name);
    else next.delete(name);
    onChange(next);
  }
  return (
    <div className="flex flex-col gap-2">
      {info.operation_groups.map((group) => {
        const name = `${info.resource_type}:${group.operation_group}`;
        const sensitive = group.tags.length > 0 ? " (sensitive)" : "";
        return (
          <Checkbox
            key={name}
            label={group.operation_group_description + sensitive}
            checked={chosen.has(name)}
            onCheckedChange={(on) => toggle(name, on)}
          />
        );
      })}
    </div>
  );
}
