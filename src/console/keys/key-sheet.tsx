// The details of one key, and the buttons that change it.
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
import { DisableButton, DisableKey } from "./disable-key.tsx";
import { EditKey } from "./edit-key.tsx";
import { KeyDenials } from "./key-denials.tsx";
import { KeyDryRun } from "./key-dry-run.tsx";
import { KeyEvents } from "./key-events.tsx";
import { KeyRotation } from "./key-rotation.tsx";
import { expiresSoon, hasEnded, type KeyRow } from "./key-row.ts";
import { useKey } from "./keys-data.ts";
import { LastUse } from "./last-use.tsx";
import { RevokeKey } from "./revoke-key.tsx";
import { RotateKey } from "./rotate-key.tsx";

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
  const [open, setOpen] = useState<"edit" | "rotate" | "disable" | "revoke" | null>(null);
  const close = () => setOpen(null);
  const own = key.id === selfId;
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <StatusBadge status={key.status} />
        {own && <span className="text-sm text-kumo-subtle">You are signed in with this key.</span>}
      </div>
      {key.revokedAt === null && key.status !== "EXPIRED" && key.unusable !== null && <p>{UNUSABLE[key.unusable]}</p>}
      {key.compromised !== null && (
        <p className="break-words text-kumo-danger">
          Compromised: reported as leaked <When at={key.compromised.at} exact />
          {/* As text: a page that shows a leaked key is no place to send people to. */}
          {key.compromised.url !== null && `, at ${key.compromised.url}`}
        </p>
      )}
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
      <KeyRotation keyRow={key} />
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
          <Fact name="Signing secret">{key.signingKeyId ?? "Not known until the key is used"}</Fact>
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
      <div className="flex flex-wrap gap-2 border-t border-kumo-line pt-5">
        {!hasEnded(key) && may("API_KEY:CREATE") && <Button onClick={() => setOpen("edit")}>Edit this key …</Button>}
        {key.status === "ACTIVE" && (may("API_KEY:CREATE") || own) && (
          <Button onClick={() => setOpen("rotate")}>Rotate this key …</Button>
        )}
        <DisableButton keyRow={key} onOpen={() => setOpen("disable")} />
        {key.revokedAt === null && (may("API_KEY:REVOKE") || own) && (
          <Button variant="secondary-destructive" onClick={() => setOpen("revoke")}>
            Revoke this key …
          </Button>
        )}
      </div>
      {open === "edit" && <EditKey keyRow={key} onClose={close} />}
      {open === "rotate" && <RotateKey keyRow={key} onClose={close} />}
      {open === "disable" && <DisableKey keyRow={key} onClose={close} />}
      {open === "revoke" && <RevokeKey keyRow={key} onClose={close} />}
    </>
  );
}

const UNUSABLE: Readonly<Record<NonNullable<KeyRow["unusable"]>, string>> = {
  disabled: "This key is disabled: requests with it are denied until it is enabled.",
  canary: "This is a canary key: it never opens, and its use is an alarm.",
  blocked: "This key is in BLOCKED_KEY_IDS of the configuration: it does not authenticate.",
  signing_key_removed: "The secret that has signed this key is no longer in KEY_RING: the key does not authenticate.",
};

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
