// The details of one key, and the button that revokes it.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import { useListNames } from "../lists/allow-lists-data.ts";
import { Problem } from "../problem.ts";
import { PageLink } from "../route.tsx";
import { useSession } from "../session.ts";
import { CopyButton } from "../ui/copy.tsx";
import { Fact, Facts, Section, StatusBadge } from "../ui/facts.tsx";
import { EmptyState, LoadingRows, ProblemNotice } from "../ui/notices.tsx";
import { formatNumber } from "../ui/numbers.ts";
import { Overlay } from "../ui/overlay.tsx";
import { When } from "../ui/time.tsx";
import { KeyDenials } from "./key-denials.tsx";
import { KeyDryRun } from "./key-dry-run.tsx";
import { KeyEvents } from "./key-events.tsx";
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
  const missing = error instanceof Problem && error.kind === "missing";
  return (
    <Overlay shape="sheet" title={data?.name ?? "API key"} onClose={onClose}>
      {missing && (
        <EmptyState title="API key not found">
          The key may belong to another account, or the link has a typo.
        </EmptyState>
      )}
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
            {expiresSoon(key, Date.now()) && " – create a replacement in time"}
          </Fact>
          <LastUse keyRow={key} />
          <Fact name="Requests">{formatNumber(key.uses)}</Fact>
          <Fact name="Allowed addresses">
            {key.listIds.length === 0 ? "Any address" : <ListLinks ids={key.listIds} nameOf={nameOf} />}
          </Fact>
        </Facts>
      </Section>
      <Section title="Recent activity">
        <KeyEvents keyRow={key} />
      </Section>
      <KeyDenials id={key.id} />
      {key.status === "ACTIVE" && <KeyDryRun keyRow={key} />}
      <Section title="Identity">
        <Facts>
          <Fact name="Key ID">
            <Copyable text={key.id} what="the key ID" />
          </Fact>
          <Fact name="Account ID">
            <Copyable text={accountId} what="the account ID" />
          </Fact>
        </Facts>
        <PageLink page="explain" id={key.id} className="text-kumo-link underline">
          Simulate a request with this key
        </PageLink>
        <p className="text-sm text-kumo-subtle">
          Gatehouse does not store the key itself. If you lose it, revoke it and create a new one.
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
