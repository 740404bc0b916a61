// One allow list: its rules, the keys that use it, and its end.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import type { AllowListData } from "../../admin/allow-lists/schema.ts";
import { useAction } from "../action.ts";
import { useSession } from "../session.ts";
import { Section, UsedBy } from "../ui/facts.tsx";
import { LoadingRows, Nothing, ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { covers } from "./addresses.ts";
import { useAllowLists, useListChanges, useOwnAddress } from "./allow-lists-data.ts";

interface SheetProps {
  readonly id: string;
  readonly onClose: () => void;
}

export function AllowListSheet({ id, onClose }: SheetProps) {
  const { data, error, refetch } = useAllowLists();
  const list = data?.find(({ info }) => info.id === id);
  return (
    <Overlay shape="sheet" title={list?.spec.name ?? "IP allow list"} onClose={onClose}>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <LoadingRows what="the allow list" />}
      {data && list === undefined && <Nothing title="There is no such allow list">It may have been deleted.</Nothing>}
      {list && <Details list={list} onClose={onClose} />}
    </Overlay>
  );
}

function Details({ list: { spec, info }, onClose }: { readonly list: AllowListData; readonly onClose: () => void }) {
  const { may } = useSession();
  const address = useOwnAddress();
  const [deleting, setDeleting] = useState(false);
  return (
    <>
      {spec.description && <p>{spec.description}</p>}
      <Section title="Addresses">
        <ul className="tabular flex flex-col divide-y divide-kumo-line rounded-lg border border-kumo-line">
          {spec.allow_list.map((rule) => (
            <li key={rule} className="px-3 py-2 font-mono text-sm">
              {rule}
            </li>
          ))}
        </ul>
        {address !== null && (
          <p className="text-sm text-kumo-subtle">
            Your address, {address}, is {covers(spec.allow_list, address) ? "" : "not "}in this list.
          </p>
        )}
      </Section>
      <Section title="API keys that use it">
        <UsedBy keys={info.api_key_list} />
      </Section>
      {may("NETWORK_ALLOW_LIST:DELETE") && (
        <div className="border-t border-kumo-line pt-5">
          <Button variant="secondary-destructive" onClick={() => setDeleting(true)}>
            Delete this list …
          </Button>
        </div>
      )}
      {deleting && <DeleteList id={info.id} name={spec.name} onKept={() => setDeleting(false)} onGone={onClose} />}
    </>
  );
}

interface DeleteProps {
  readonly id: string;
  readonly name: string;
  readonly onKept: () => void;
  readonly onGone: () => void;
}

function DeleteList({ id, name, onKept, onGone }: DeleteProps) {
  const { remove } = useListChanges();
  const { run, busy, problem } = useAction(async () => {
    await remove(id);
    onGone();
  });
  return (
    <Overlay title={`Delete “${name}”?`} onClose={onKept}>
      <p>A list that an active key uses cannot be deleted; revoked and expired keys do not stand in the way.</p>
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
