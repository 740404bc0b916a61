// Creates an endpoint, or changes one. The secret of a new one is shown once.
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { Radio } from "@cloudflare/kumo/components/radio";
import { type FormEvent, useState } from "react";
import type { EndpointData } from "../../admin/endpoints/schema.ts";
import { useAction } from "../action.ts";
import { useFieldErrors } from "../field-errors.ts";
import { isOutside } from "../problem.ts";
import { withError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { NameField } from "../ui/text-fields.tsx";
import { EndpointSecret } from "./endpoint-secret.tsx";
import { type EndpointInput, useEndpointChanges } from "./endpoints-data.ts";

const FORMATS = { standard: "Standard Webhooks", slack: "Slack", cef: "CEF", ocsf: "OCSF" };
const FIELDS = ["name", "url", "format", "event_types"];

interface FormProps {
  /** `null`: a new endpoint. */
  readonly endpoint: EndpointData | null;
  readonly onClose: () => void;
}

export function EndpointForm({ endpoint, onClose }: FormProps) {
  const { create, save } = useEndpointChanges();
  const [name, setName] = useState(endpoint?.spec.name ?? "");
  const [url, setUrl] = useState(endpoint?.spec.url ?? "");
  const [format, setFormat] = useState(endpoint?.spec.format ?? "standard");
  const [types, setTypes] = useState(endpoint?.spec.event_types.join(", ") ?? "");
  const [secret, setSecret] = useState<string | null>(null);
  const { run, busy, problem } = useAction(async (input: EndpointInput) => {
    if (endpoint === null) return setSecret(await create(input));
    await save(endpoint, input);
    onClose();
  });
  const { check, errorOf } = useFieldErrors(problem);

  function submit(event: FormEvent) {
    event.preventDefault();
    const valid = check({
      ...(name.trim() === "" ? { name: "Enter a name." } : {}),
      ...(url.trim() === "" ? { url: "Enter the URL." } : {}),
    });
    const event_types = types.split(/[\s,]+/).filter((type) => type !== "");
    if (valid) run({ name: name.trim(), url: url.trim(), format, event_types });
  }

  if (secret !== null) return <EndpointSecret name={name} secret={secret} onStored={onClose} />;
  const typeError = errorOf("event_types") ?? errorOf("event_types[0]");
  return (
    <Overlay title={endpoint === null ? "Add an endpoint" : `Edit “${endpoint.spec.name}”`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        <NameField value={name} onChange={setName} error={errorOf("name")} />
        <Input
          label="URL"
          className="w-full"
          autoComplete="off"
          value={url}
          onChange={(event) => setUrl(event.target.value)}
          description="https, to a public host. It is stored encrypted."
          {...withError(errorOf("url"))}
        />
        <Radio.Group legend="Format" orientation="horizontal" value={format} onValueChange={setFormat}>
          {Object.entries(FORMATS).map(([value, label]) => (
            <Radio.Item key={value} value={value} label={label} className="mr-3" />
          ))}
        </Radio.Group>
        <Input
          label="Events (optional)"
          className="w-full"
          autoComplete="off"
          value={types}
          onChange={(event) => setTypes(event.target.value)}
          description="Such as api_key.revoke, role.*; empty: all events."
          {...withError(typeError)}
        />
        {problem && isOutside(problem, FIELDS) && typeError === undefined && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={busy}>
            {endpoint === null ? "Add endpoint" : "Save"}
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}
