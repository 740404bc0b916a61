// The fields of the request to explain.
import { Input } from "@cloudflare/kumo/components/input";
import { Radio } from "@cloudflare/kumo/components/radio";
import { ChoiceField } from "../ui/choice.tsx";
import { withError } from "../ui/field-error.tsx";
import { type ExplainInput, METHODS } from "./explain-input.ts";

interface FieldsProps {
  readonly input: ExplainInput;
  readonly onChange: (part: Partial<ExplainInput>) => void;
  readonly errorOf: (field: string) => string | undefined;
}

interface RequestFieldsProps extends FieldsProps {
  readonly onKindChange: (kind: ExplainInput["kind"]) => void;
}

export function RequestFields({ input, onChange, onKindChange, errorOf }: RequestFieldsProps) {
  return (
    <>
      <Radio.Group legend="Request" value={input.kind} onValueChange={onKindChange}>
        <Radio.Item value="denied" label="Denied request" />
        <Radio.Item value="simulated" label="Simulate a request" />
      </Radio.Group>
      {input.kind === "denied" ? (
        <Input
          label="Request ID"
          className="w-full font-mono"
          autoComplete="off"
          spellCheck={false}
          value={input.requestId}
          onChange={(event) => onChange({ requestId: event.target.value })}
          description="The value of “request_id” in the response. By default, denied requests are stored for one day."
          {...withError(errorOf("request_id"))}
        />
      ) : (
        <SimulationFields input={input} onChange={onChange} errorOf={errorOf} />
      )}
    </>
  );
}

function SimulationFields({ input, onChange, errorOf }: FieldsProps) {
  return (
    <>
      <Input
        label="Key ID"
        className="w-full font-mono"
        autoComplete="off"
        spellCheck={false}
        value={input.keyId}
        onChange={(event) => onChange({ keyId: event.target.value })}
        description="The ID from the key’s details. Never enter the key itself."
        {...withError(errorOf("api_key_id"))}
      />
      <Input
        label="Client address (optional)"
        className="w-full font-mono"
        autoComplete="off"
        value={input.address}
        onChange={(event) => onChange({ address: event.target.value })}
        description="Such as 203.0.113.7. Leave it empty to simulate an unknown address."
        {...withError(errorOf("address"))}
      />
      <ChoiceField
        label="Method"
        value={input.method}
        onChange={(method) => onChange({ method: method as ExplainInput["method"] })}
        choices={METHODS.map((method) => ({ value: method, text: method }))}
        placeholder="Method"
        error={errorOf("method")}
      />
      <Input
        label="Path"
        className="w-full font-mono"
        autoComplete="off"
        spellCheck={false}
        value={input.path}
        onChange={(event) => onChange({ path: event.target.value })}
        {...withError(errorOf("path"))}
      />
    </>
  );
}
