// Explains the decision on a request: a denied one, by its request ID, or a simulated one. Shows every check in order.
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { Radio } from "@cloudflare/kumo/components/radio";
import { type FormEvent, useState } from "react";
import type { ExplainRequest, ExplanationData } from "../../admin/audit/schema.ts";
import { useAction } from "../action.ts";
import { useFieldErrors } from "../field-errors.ts";
import { isOutside } from "../problem.ts";
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
  readonly about: "denied" | "simulated";
  readonly requestId: string;
  readonly keyId: string;
  readonly address: string;
  readonly method: (typeof METHODS)[number];
  readonly path: string;
}

/** @param id from the address of the page: a UUID is a key's, any other a request's */
function questionAbout(id: string | null, account: string): Question {
  const simulated = id !== null && UUID.test(id);
  return {
    about: simulated ? "simulated" : "denied",
    requestId: simulated || id === null ? "" : id,
    keyId: simulated ? id : "",
    address: "",
    method: "GET",
    path: `/api/public/v1${account}/`,
  };
}

function bodyOf({ about, requestId, keyId, address, method, path }: Question): ExplainRequest {
  if (about === "denied") return { request_id: requestId.trim() };
  return { api_key_id: keyId.trim(), address: address.trim() || null, method, path: path.trim() };
}

export function ExplainPage({ openId }: { readonly openId: string | null }) {
  // Another ID in the address starts a new form.
  return <Explain key={openId} id={openId} />;
}

function Explain({ id }: { readonly id: string | null }) {
  const { api, account } = useSession();
  const [question, setQuestion] = useState(() => questionAbout(id, account));
  const [explanation, setExplanation] = useState<ExplanationData | null>(null);
  const { run, busy, problem, clear } = useAction(async () => {
    setExplanation(null);
    const path = `${account}/api-keys/explain`;
    setExplanation((await api.send<{ data: ExplanationData }>("POST", path, bodyOf(question))).data);
  });
  const { check, errorOf } = useFieldErrors(problem);
  const change = (part: Partial<Question>) => setQuestion((before) => ({ ...before, ...part }));

  function submit(event: FormEvent) {
    event.preventDefault();
    const missing: Record<string, string> = {};
    if (question.about === "denied" && question.requestId.trim() === "") missing.request_id = "Enter the request ID.";
    if (question.about === "simulated" && question.keyId.trim() === "") missing.api_key_id = "Enter the ID of a key.";
    if (check(missing)) run();
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
        <Radio.Group
          legend="Request"
          value={question.about}
          onValueChange={(about: Question["about"]) => {
            change({ about });
            clear();
            check({});
          }}
        >
          <Radio.Item value="denied" label="Denied request" />
          <Radio.Item value="simulated" label="Simulate a request" />
        </Radio.Group>
        {question.about === "denied" ? (
          <Input
            label="Request ID"
            className="w-full font-mono"
            autoComplete="off"
            spellCheck={false}
            value={question.requestId}
            onChange={(event) => change({ requestId: event.target.value })}
            description="The value of “request_id” in the response. By default, denied requests are stored for one day."
            {...withError(errorOf("request_id"))}
          />
        ) : (
          <SimulationFields question={question} onChange={change} errorOf={errorOf} />
        )}
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

interface FieldsProps {
  readonly question: Question;
  readonly onChange: (part: Partial<Question>) => void;
  readonly errorOf: (field: string) => string | undefined;
}

function SimulationFields({ question, onChange, errorOf }: FieldsProps) {
  return (
    <>
      <Input
        label="Key ID"
        className="w-full font-mono"
        autoComplete="off"
        spellCheck={false}
        value={question.keyId}
        onChange={(event) => onChange({ keyId: event.target.value })}
        description="The ID from the key’s details. Never enter the key itself."
        {...withError(errorOf("api_key_id"))}
      />
      <Input
        label="Client address (optional)"
        className="w-full font-mono"
        autoComplete="off"
        value={question.address}
        onChange={(event) => onChange({ address: event.target.value })}
        description="Such as 203.0.113.7. Leave it empty to simulate an unknown address."
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
