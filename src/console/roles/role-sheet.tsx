// One role: what it may do, which keys have it; cloned, edited or deleted from here.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import type { RoleData } from "../../admin/roles/schema.ts";
import { useAction } from "../action.ts";
import { permissionNames, useSession } from "../session.ts";
import { Section, UsedBy } from "../ui/facts.tsx";
import { LoadingRows, Nothing, ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { PermissionMatrix } from "./permission-matrix.tsx";
import type { Draft } from "./role-form.tsx";
import { useRoleChanges, useRoles } from "./roles-data.ts";

interface SheetProps {
  readonly id: string;
  readonly onEdit: (draft: Draft) => void;
  readonly onClose: () => void;
}

export function RoleSheet({ id, onEdit, onClose }: SheetProps) {
  const { data, error, refetch } = useRoles();
  const role = data?.find(({ info }) => info.id === id);
  return (
    <Overlay shape="sheet" title={role?.info.display_name ?? "Role"} onClose={onClose}>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <LoadingRows what="the role" />}
      {data && role === undefined && <Nothing title="There is no such role">It may have been deleted.</Nothing>}
      {role && <Details role={role} onEdit={onEdit} onClose={onClose} />}
    </Overlay>
  );
}

interface DetailsProps {
  readonly role: RoleData;
  readonly onEdit: (draft: Draft) => void;
  readonly onClose: () => void;
}

function Details({ role: { spec, info }, onEdit, onClose }: DetailsProps) {
  const { may } = useSession();
  const [deleting, setDeleting] = useState(false);
  const own = new Set(permissionNames(spec.permissions));
  const keys = info.api_keys ?? [];
  const draft = { description: spec.description, permissions: own, keysInUse: 0 };
  return (
    <>
      {spec.description && <p>{spec.description}</p>}
      <div className="flex flex-wrap gap-2">
        {may("ROLE:CREATE") && (
          <Button onClick={() => onEdit({ ...draft, id: null, name: `${info.display_name} copy` })}>Clone</Button>
        )}
        {info.is_user_defined && may("ROLE:UPDATE") && (
          <Button
            onClick={() => {
              const keysInUse = keys.filter((key) => key.status === "ACTIVE").length;
              onEdit({ ...draft, id: info.id, name: info.display_name, keysInUse });
            }}
          >
            Edit
          </Button>
        )}
        {info.is_user_defined && may("ROLE:DELETE") && (
          <Button variant="secondary-destructive" onClick={() => setDeleting(true)}>
            Delete …
          </Button>
        )}
      </div>
      <Section title="API keys with this role">
        <UsedBy keys={keys} />
      </Section>
      <Section title="Permissions">
        <PermissionMatrix chosen={own} effective={new Set(permissionNames(info.effective_permissions))} />
      </Section>
      {deleting && (
        <DeleteRole id={info.id} name={info.display_name} onKept={() => setDeleting(false)} onGone={onClose} />
      )}
    </>
  );
}

interface DeleteProps {
  readonly id: string;
  readonly name: string;
  readonly onKept: () => void;
  readonly onGone: () => void;
}

function DeleteRole({ id, name, onKept, onGone }: DeleteProps) {
  const { remove } = useRoleChanges();
  const { run, busy, problem } = useAction(async () => {
    await remove(id);
    onGone();
  });
  return (
    <Overlay title={`Delete the role “${name}”?`} onClose={onKept}>
      <p>A role that an active key has cannot be deleted; revoked and expired keys do not stand in the way.</p>
      {problem && <ProblemNotice problem={problem} />}
      <Buttons>
        <Button onClick={onKept}>Keep it</Button>
        <Button variant="destructive" loading={busy} onClick={() => run()}>
          Delete
        </Button>
      </Buttons>
    </Overlay>
  );
}
