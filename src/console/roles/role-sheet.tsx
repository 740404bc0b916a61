// One role: its permissions, the keys that have it, and the buttons to clone, edit or delete it.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import type { RoleData } from "../../admin/roles/schema.ts";
import { permissionNames, useSession } from "../session.ts";
import { ConfirmDelete } from "../ui/confirm-dialog.tsx";
import { Section, UsedBy } from "../ui/facts.tsx";
import { ResourceSheet } from "../ui/resource.tsx";
import { PermissionMatrix } from "./permission-matrix.tsx";
import type { RoleDraft } from "./role-form.tsx";
import { useRoleChanges, useRoles } from "./roles-data.ts";

interface SheetProps {
  readonly id: string;
  readonly onEdit: (draft: RoleDraft) => void;
  readonly onClose: () => void;
}

export function RoleSheet({ id, onEdit, onClose }: SheetProps) {
  const query = useRoles();
  return (
    <ResourceSheet kind="Role" id={id} query={query} nameOf={({ info }) => info.display_name} onClose={onClose}>
      {(role) => <Details role={role} onEdit={onEdit} onClose={onClose} />}
    </ResourceSheet>
  );
}

interface DetailsProps {
  readonly role: RoleData;
  readonly onEdit: (draft: RoleDraft) => void;
  readonly onClose: () => void;
}

function Details({ role, onEdit, onClose }: DetailsProps) {
  const { spec, info } = role;
  const { may } = useSession();
  const { remove } = useRoleChanges();
  const [deleting, setDeleting] = useState(false);
  return (
    <>
      {spec.description && <p>{spec.description}</p>}
      <div className="flex flex-wrap gap-2">
        {may("ROLE:CREATE") && <Button onClick={() => onEdit(copyOf(role))}>Clone</Button>}
        {info.is_user_defined && may("ROLE:UPDATE") && <Button onClick={() => onEdit(draftOf(role))}>Edit</Button>}
        {info.is_user_defined && may("ROLE:DELETE") && (
          <Button variant="secondary-destructive" onClick={() => setDeleting(true)}>
            Delete …
          </Button>
        )}
      </div>
      <Section title="API keys with this role">
        <UsedBy keys={info.api_keys ?? []} />
      </Section>
      <Section title="Permissions">
        <PermissionMatrix
          chosen={new Set(permissionNames(spec.permissions))}
          effective={new Set(permissionNames(info.effective_permissions))}
        />
      </Section>
      {deleting && (
        <ConfirmDelete
          what={`the role “${info.display_name}”`}
          condition="A role that an active key has cannot be deleted. Revoked and expired keys do not prevent the deletion."
          remove={() => remove(info.id)}
          onCancel={() => setDeleting(false)}
          onDeleted={onClose}
        />
      )}
    </>
  );
}

function draftOf({ spec, info }: RoleData): RoleDraft {
  return {
    changes: info,
    name: info.display_name,
    description: spec.description,
    permissions: new Set(permissionNames(spec.permissions)),
    keysInUse: (info.api_keys ?? []).filter((key) => key.status === "ACTIVE").length,
  };
}

function copyOf(role: RoleData): RoleDraft {
  return { ...draftOf(role), changes: null, name: `${role.info.display_name} copy`, keysInUse: 0 };
}
