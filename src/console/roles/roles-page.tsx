// The roles of the account: built-in and user-defined.
import { Badge } from "@cloudflare/kumo/components/badge";
import { Button } from "@cloudflare/kumo/components/button";
import { Table } from "@cloudflare/kumo/components/table";
import { useState } from "react";
import type { RoleData } from "../../admin/roles/schema.ts";
import { goTo, PageLink } from "../route.tsx";
import { permissionNames, useSession } from "../session.ts";
import { PlusIcon } from "../ui/icons.tsx";
import { EmptyState } from "../ui/notices.tsx";
import { ResourcePage } from "../ui/resource.tsx";
import { EMPTY_DRAFT, type RoleDraft, RoleForm } from "./role-form.tsx";
import { RoleSheet } from "./role-sheet.tsx";
import { useRoles } from "./roles-data.ts";

export function RolesPage({ openId }: { readonly openId: string | null }) {
  const { may } = useSession();
  const query = useRoles();
  const [draft, setDraft] = useState<RoleDraft | null>(null);
  const create = may("ROLE:CREATE") && (
    <Button variant="primary" icon={<PlusIcon />} onClick={() => setDraft(EMPTY_DRAFT)}>
      Create role
    </Button>
  );
  function showSaved(id: string) {
    setDraft(null);
    goTo("roles", id);
  }
  return (
    <>
      <ResourcePage
        title="Roles"
        intro="A role is a set of permissions for API keys and operators. The built-in roles are the same in every account."
        query={query}
        action={create}
        empty={<EmptyState title="No role yet">Create a role to give it to API keys and operators.</EmptyState>}
      >
        {(roles) => <RolesTable roles={roles} />}
      </ResourcePage>
      {openId !== null && draft === null && (
        <RoleSheet key={openId} id={openId} onEdit={setDraft} onClose={() => goTo("roles")} />
      )}
      {draft && <RoleForm draft={draft} onClose={() => setDraft(null)} onSaved={showSaved} />}
    </>
  );
}

function RolesTable({ roles }: { readonly roles: readonly RoleData[] }) {
  return (
    <Table>
      <caption className="sr-only">Roles</caption>
      <Table.Header>
        <Table.Row>
          <Table.Head>Name</Table.Head>
          <Table.Head className="hidden md:table-cell">Description</Table.Head>
          <Table.Head>Permissions</Table.Head>
          <Table.Head>Active keys</Table.Head>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {roles.map(({ spec, info }) => (
          <Table.Row key={info.id} className="cursor-pointer hover:bg-kumo-tint" onClick={() => goTo("roles", info.id)}>
            <Table.Cell>
              <PageLink page="roles" id={info.id} className="font-medium hover:underline">
                {info.display_name}
              </PageLink>{" "}
              {!info.is_user_defined && <Badge variant="neutral">Built in</Badge>}
            </Table.Cell>
            <Table.Cell className="hidden text-kumo-subtle md:table-cell">{spec.description}</Table.Cell>
            <Table.Cell className="tabular">{permissionNames(info.effective_permissions).length}</Table.Cell>
            <Table.Cell className="tabular">{activeKeys(info.api_keys ?? [])}</Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table>
  );
}

/** The API lists at most a hundred keys of a role. */
function activeKeys(keys: NonNullable<RoleData["info"]["api_keys"]>): string {
  const active = keys.filter((key) => key.status === "ACTIVE").length;
  return active >= 100 ? "100 or more" : String(active);
}
