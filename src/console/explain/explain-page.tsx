// Explains the decision on a request: a denied one, by its request ID, or a simulated one. Shows every check in order.
import { Button } from "@cloudflare/kumo/components/button";
import { type FormEvent, useState } from "react";
import type { ExplanationData } from "../../admin/explain/schema.ts";
import { useAction } from "../action.ts";
import { useFieldErrors } from "../field-errors.ts";
import { isOutside } from "../problem.ts";
import { useSession } from "../session.ts";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons } from "../ui/overlay.tsx";
import { PageHeader } from "../ui/page.tsx";
import { bodyOf, type ExplainInput, initialInput, missingIn } from "./explain-input.ts";
import { RequestFields } from "./request-fields.tsx";
import { Trace } from "./trace.tsx";

const FIELDS = ["request_id", "api_key_id", "address", "method", "path"];

export function ExplainPage({ openId }: { readonly openId: string | null }) {
  // Another ID in the address starts a new form.
  return <Explain key={openId} id={openId} />;
}

function Explain({ id }: { readonly id: string | null }) {
  const { api, account } = useSession();
  const [input, setInput] = useState(() => initialInput(id, account));
  const [explanation, setExplanation] = useState<ExplanationData | null>(null);
  const { run, busy, problem, clear } = useAction(async () => {
    setExplanation(null);
    const path = `${account}/api-keys/explain`;
    setExplanation((await api.send<{ data: ExplanationData }>("POST", path, bodyOf(input))).data);
  });
  const { check, errorOf } = useFieldErrors(problem);
  const change = (part: Partial<ExplainInput>) => setInput((before) => ({ ...before, ...part }));

  function changeKind(kind: ExplainInput["kind"]) {
    change({ kind });
    clear();
    check({});
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (check(missingIn(input))) run();
  }

  return (
    <>
      <PageHeader title="Denied requests">
        Every authorization check of a request, in order, with the values that it compared. An explanation changes no
        data.
      </PageHeader>
      <form
        onSubmit={submit}
        noValidate
        className="flex max-w-3xl flex-col gap-5 rounded-xl border border-kumo-line bg-kumo-base p-5"
      >
        <RequestFields input={input} onChange={change} onKindChange={changeKind} errorOf={errorOf} />
        {problem && isOutside(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button type="submit" variant="primary" loading={busy}>
            Explain
          </Button>
        </Buttons>
      </form>
      {explanation && <Trace explanation={explanation} />}
    </>
  );
}
