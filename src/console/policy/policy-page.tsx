// The policy of the account, in words, and the keys that it would not allow today.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import { useKeys } from "../keys/keys-data.ts";
import { RevokeKeys } from "../keys/revoke-keys.tsx";
import { PageLink } from "../route.tsx";
import { useSession } from "../session.ts";
import { Fact, Facts } from "../ui/facts.tsx";
import { LoadingRows, ProblemNotice } from "../ui/notices.tsx";
import { countOf } from "../ui/numbers.ts";
import { Card, PageHeader } from "../ui/page.tsx";
import { usePolicy } from "./policy-data.ts";
import { PolicyForm } from "./policy-form.tsx";
import { sentencesOf } from "./policy-words.ts";

export function PolicyPage() {
  const { may } = useSession();
  const { data, error, refetch } = usePolicy();
  const [editing, setEditing] = useState(false);
  const edit = data && may("ACCOUNT:UPDATE") && (
    <Button variant="primary" onClick={() => setEditing(true)}>
      Edit policy
    </Button>
  );
  return (
    <>
      <PageHeader title="Policy" action={edit}>
        What this account allows of its keys. It applies to changes from now on: no key that exists is ended.
      </PageHeader>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      <Card>
        {data === undefined && !error && <LoadingRows what="the policy" />}
        {data && (
          <div className="p-5">
            <Facts>
              {sentencesOf(data.spec).map(({ name, text }) => (
                <Fact key={name} name={name}>
                  {text}
                </Fact>
              ))}
            </Facts>
          </div>
        )}
      </Card>
      <NoncompliantKeys />
      {editing && data && <PolicyForm policy={data} onClose={() => setEditing(false)} />}
    </>
  );
}

function NoncompliantKeys() {
  const { may } = useSession();
  const { data, error, refetch } = useKeys("noncompliant");
  const [revoking, setRevoking] = useState(false);
  const count = data?.rows.length;
  return (
    <section className="mt-8 flex flex-col items-start gap-3">
      <h2 className="text-lg font-semibold">Keys that this policy would not allow</h2>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {count === undefined && !error && <p role="status">Looking for keys …</p>}
      {count === 0 && <p>Every active key is within the policy.</p>}
      {count !== undefined && count > 0 && (
        <>
          <p>
            <PageLink page="keys" subset="noncompliant" className="text-kumo-link underline">
              {countOf(count, "active key")}
            </PageLink>{" "}
            could not be created like this today. {count === 1 ? "It works" : "They work"} until somebody ends{" "}
            {count === 1 ? "it" : "them"}.
          </p>
          {may("API_KEY:REVOKE") && <Button onClick={() => setRevoking(true)}>Revoke these keys …</Button>}
        </>
      )}
      {revoking && <RevokeKeys noncompliant onClose={() => setRevoking(false)} />}
    </section>
  );
}
