// One allow list: its rules, the keys that use it, and the buttons that edit it, replace it on its keys and delete it.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import type { AllowListData } from "../../admin/allow-lists/schema.ts";
import { useSession } from "../session.ts";
import { ConfirmDelete } from "../ui/confirm-dialog.tsx";
import { Section, UsedBy } from "../ui/facts.tsx";
import { ResourceSheet } from "../ui/resource.tsx";
import { covers } from "./addresses.ts";
import { useAllowLists, useListChanges, useOwnAddress } from "./allow-lists-data.ts";
import { EditAllowList } from "./edit-allow-list.tsx";
import { ReplaceAllowList } from "./replace-allow-list.tsx";

interface SheetProps {
  readonly id: string;
  readonly onClose: () => void;
}

export function AllowListSheet({ id, onClose }: SheetProps) {
  const query = useAllowLists();
  return (
    <ResourceSheet kind="IP allow list" id={id} query={query} nameOf={({ spec }) => spec.name} onClose={onClose}>
      {(list) => <Details list={list} onClose={onClose} />}
    </ResourceSheet>
  );
}

function Details({ list, onClose }: { readonly list: AllowListData; readonly onClose: () => void }) {
  const { spec, info } = list;
  const { may } = useSession();
  const { remove } = useListChanges();
  const [deleting, setDeleting] = useState(false);
  // As it was opened: the receipt stays when the list has changed.
  const [editing, setEditing] = useState<AllowListData | null>(null);
  const [replacing, setReplacing] = useState<AllowListData | null>(null);
  return (
    <>
      {spec.description && <p>{spec.description}</p>}
      <Section title="Addresses">
        <Rules rules={spec.allow_list} />
      </Section>
      <Section title="API keys with this list">
        <UsedBy keys={info.api_key_list} />
      </Section>
      <div className="flex flex-wrap gap-2 border-t border-kumo-line pt-5">
        {may("NETWORK_ALLOW_LIST:CREATE") && <Button onClick={() => setEditing(list)}>Edit this list …</Button>}
        {may("API_KEY:CREATE") && info.api_key_list.some(({ status }) => status === "ACTIVE") && (
          <Button onClick={() => setReplacing(list)}>Replace on all keys …</Button>
        )}
        {may("NETWORK_ALLOW_LIST:DELETE") && (
          <Button variant="secondary-destructive" onClick={() => setDeleting(true)}>
            Delete this list …
          </Button>
        )}
      </div>
      {editing && <EditAllowList list={editing} onClose={() => setEditing(null)} />}
      {replacing && <ReplaceAllowList list={replacing} onClose={() => setReplacing(null)} />}
      {deleting && (
        <ConfirmDelete
          what={`the IP allow list “${spec.name}”`}
          condition="A list that an active key uses cannot be deleted. Revoked and expired keys do not prevent the deletion."
          remove={() => remove(info.id)}
          onCancel={() => setDeleting(false)}
          onDeleted={onClose}
        />
      )}
    </>
  );
}

function Rules({ rules }: { readonly rules: readonly string[] }) {
  const address = useOwnAddress();
  return (
    <>
      <ul className="tabular flex flex-col divide-y divide-kumo-line rounded-lg border border-kumo-line">
        {rules.map((rule) => (
          <li key={rule} className="px-3 py-2 font-mono text-sm">
            {rule}
          </li>
        ))}
      </ul>
      {address !== null && (
        <p className="text-sm text-kumo-subtle">
          Your address, {address}, is {covers(rules, address) ? "" : "not "}in this list.
        </p>
      )}
    </>
  );
}
