// "Why was I refused?": a call that was, by the id in its answer, or one that is only thought of; then every check in order.
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { Radio } from "@cloudflare/kumo/components/radio";
import { type FormEvent, useState } from "react";
import type { ExplainRequest, ExplanationData } from "../../admin/explain/schema.ts";
import { useAction } from "../action.ts";
import { faultIn, isBeyond } from "../problem.ts";
import { useSession } from "../session.ts";
import { ChoiceField } from "../ui/choice.tsx";
import { withError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons } from "../ui/overlay.tsx";
import { PageHeader } from "../ui/page.tsx";
import { Trace } from "./trace.tsx";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
const FIELDS = ["request_id", "api_key_id", "address", "method", "path"];
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

interface Question {
  readonly about: "refused" | "thought";
  readonly requestId: string;
  readonly keyId: string;
  readonly address: string;
  readonly method: (typeof METHODS)[number];
  readonly path: string;
}

/** @param id of a key or of a request, from the address of the page */
function questionAbout(id: string | null, account: string): Question {
  const thought = id !== null && UUID.test(id);
  return {
    about: thought ? "thought" : "refused",
    requestId: thought || id === null ? "" : id,
    keyId: thought ? id : "",
    address: "",
    method: "GET",
    path: `/api/public/v1${account}/`,
  };
}

function bodyOf({ about, requestId, keyId, address, method, path }: Question): ExplainRequest {
  if (about === "refused") return { request_id: requestId.trim() };
  return { api_key_id: keyId.trim(), address: address.trim() || null, method, path: path.trim() };
}

export function ExplainPage({ id }: { readonly id: string | null }) {
  const { api, account } = useSession();
  const [question, setQuestion] = useState(() => questionAbout(id, account));
  const [missing, setMissing] = useState<Readonly<Record<string, string>>>({});
  const [answer, setAnswer] = useState<ExplanationData | null>(null);
  const { run, busy, problem, clear } = useAction(async () => {
    setAnswer(null);
    const path = `${account}/api-keys/explain`;
    setAnswer((await api.send<{ data: ExplanationData }>("POST", path, bodyOf(question))).data);
  });
  const change = (part: Partial<Question>) => setQuestion((before) => ({ ...before, ...part }));

  function submit(event: FormEvent) {
    event.preventDefault();
    const lacking: Record<string, string> = {};
    if (question.about === "refused" && question.requestId.trim() === "") lacking.request_id = "Give the request id.";
    if (question.about === "thought" && question.keyId.trim() === "") lacking.api_key_id = "Give the id of a key.";
    setMissing(lacking);
    if (Object.keys(lacking).length === 0) run();
  }

  const errorOf = (field: string) => missing[field] ?? faultIn(problem, field);
  return (
    <>
      <PageHeader title="Why was I refused?">
        Every check of a call in its order, and what it was weighed against. Asking changes and counts nothing.
      </PageHeader>
      <form
        onSubmit={submit}
        noValidate
        className="flex max-w-3xl flex-col gap-5 rounded-xl border border-kumo-line bg-kumo-base p-5"
      >
        <Radio.Group
          legend="Which call"
          value={question.about}
          onValueChange={(about: Question["about"]) => {
            change({ about });
            clear();
            setMissing({});
          }}
        >
          <Radio.Item value="refused" label="One that was refused" />
          <Radio.Item value="thought" label="One that is only thought of" />
        </Radio.Group>
        {question.about === "refused" ? (
          <Input
            label="Request id"
            className="w-full font-mono"
            autoComplete="off"
            spellCheck={false}
            value={question.requestId}
            onChange={(event) => change({ requestId: event.target.value })}
            description="It stands in the answer as “request_id”. A refused call is kept for a day, unless configured otherwise."
            {...withError(errorOf("request_id"))}
          />
        ) : (
          <ThoughtFields question={question} onChange={change} errorOf={errorOf} />
        )}
        {problem && isBeyond(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button type="submit" variant="primary" loading={busy}>
            Explain
          </Button>
        </Buttons>
      </form>
      {answer && <Trace explanation={answer} />}
    </>
  );
}

interface FieldsProps {
  readonly question: Question;
  readonly onChange: (part: Partial<Question>) => void;
  readonly errorOf: (field: string) => string | undefined;
}

function ThoughtFields({ question, onChange, errorOf }: FieldsProps) {
  return (
    <>
      <Input
        label="Key id"
        className="w-full font-mono"
        autoComplete="off"
        spellCheck={false}
        value={question.keyId}
        onChange={(event) => onChange({ keyId: event.target.value })}
        description="Never the key itself: its id stands in its details."
        {...withError(errorOf("api_key_id"))}
      />
      <Input
        label="Address (optional)"
        className="w-full font-mono"
        autoComplete="off"
        value={question.address}
        onChange={(event) => onChange({ address: event.target.value })}
        description="From where, such as 203.0.113.7. Left out: as if it were not known."
        {...withError(errorOf("address"))}
      />
      <ChoiceField
        label="Method"
        value={question.method}
        onChange={(method) => onChange({ method: method as Question["method"] })}
        choices={METHODS.map((method) => ({ value: method, text: method }))}
        placeholder="Method"
        error={errorOf("method")}
      />
      <Input
        label="Path"
        className="w-full font-mono"
        autoComplete="off"
        spellCheck={false}
        value={question.path}
        onChange={(event) => onChange({ path: event.target.value })}
        {...withError(errorOf("path"))}
      />
    </>
  );
}
