// Everything about one key, at the side of the table; the place where it is revoked.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import { useListNames } from "../lists/allow-lists-data.ts";
import { PageLink } from "../route.tsx";
import { useSession } from "../session.ts";
import { CopyButton } from "../ui/copy.tsx";
import { Fact, Facts, Section, StatusBadge } from "../ui/facts.tsx";
import { LoadingRows, Nothing, ProblemNotice } from "../ui/notices.tsx";
import { Overlay } from "../ui/overlay.tsx";
import { When } from "../ui/time.tsx";
import { KeyEvents, KeyRefusals } from "./key-activity.tsx";
import { KeyTrial } from "./key-dry-run.tsx";
import { expiresSoon, type KeyRow } from "./key-row.ts";
import { useKey } from "./keys-data.ts";
import { LastUse } from "./last-use.tsx";
import { RevokeKey } from "./revoke-key.tsx";

interface KeySheetProps {
  readonly id: string;
  readonly onClose: () => void;
}

export function KeySheet({ id, onClose }: KeySheetProps) {
  const { data, error, refetch } = useKey(id);
  const missing = error?.message === "API key not found";
  return (
    <Overlay shape="sheet" title={data?.name ?? "API key"} onClose={onClose}>
      {missing && <Nothing title="There is no such API key">The link may be of another account, or mistyped.</Nothing>}
      {error && !missing && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <LoadingRows what="the API key" />}
      {data && <KeyDetails keyRow={data} />}
    </Overlay>
  );
}

function KeyDetails({ keyRow: key }: { readonly keyRow: KeyRow }) {
  const { may, selfId, accountId } = useSession();
  const nameOf = useListNames();
  const [revoking, setRevoking] = useState(false);
  const own = key.id === selfId;
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <StatusBadge status={key.status} />
        {own && <span className="text-sm text-kumo-subtle">You are signed in with this key.</span>}
      </div>
      {key.description && <p>{key.description}</p>}
      <Section title="Use">
        <Facts>
          <Fact name="Role">
            <PageLink page="roles" id={key.roleId} className="text-kumo-link underline">
              {key.roleName}
            </PageLink>
          </Fact>
          <Fact name="Expires">
            {key.expiresAt === null ? "Never" : <When at={key.expiresAt} exact />}
            {expiresSoon(key, Date.now()) && " – soon: make its successor in time"}
          </Fact>
          <LastUse keyRow={key} />
          <Fact name="Calls">{new Intl.NumberFormat().format(key.uses)}</Fact>
          <Fact name="May be used from">
            {key.listIds.length === 0 ? "Any address" : <ListLinks ids={key.listIds} nameOf={nameOf} />}
          </Fact>
        </Facts>
      </Section>
      <Section title="Recent activity">
        <KeyEvents keyRow={key} />
      </Section>
      <KeyRefusals id={key.id} />
      {key.status === "ACTIVE" && <KeyTrial keyRow={key} />}
      <Section title="Identity">
        <Facts>
          <Fact name="Key id">
            <Copyable text={key.id} what="the key id" />
          </Fact>
          <Fact name="Account id">
            <Copyable text={accountId} what="the account id" />
          </Fact>
        </Facts>
        <PageLink page="explain" id={key.id} className="text-kumo-link underline">
          Would a call with this key be let through?
        </PageLink>
        <p className="text-sm text-kumo-subtle">
          The key itself is stored nowhere. If it is lost, revoke it and create a new one.
        </p>
      </Section>
      {key.status !== "REVOKED" && (may("API_KEY:REVOKE") || own) && (
        <div className="border-t border-kumo-line pt-5">
          <Button variant="secondary-destructive" onClick={() => setRevoking(true)}>
            Revoke this key …
          </Button>
        </div>
      )}
      {revoking && <RevokeKey keyRow={key} onClose={() => setRevoking(false)} />}
    </>
  );
}

interface ListLinksProps {
  readonly ids: readonly string[];
  readonly nameOf: (id: string) => string | null;
}

function ListLinks({ ids, nameOf }: ListLinksProps) {
  return ids.map((id) => (
    <PageLink key={id} page="allow-lists" id={id} className="block text-kumo-link underline">
      {nameOf(id) ?? id}
    </PageLink>
  ));
}

function Copyable({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <span className="flex items-center gap-2">
      <code className="min-w-0 text-sm break-all">{text}</code>
      <CopyButton text={() => text} what={what} />
    </span>
  );
}
