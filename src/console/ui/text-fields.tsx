// The name and the description of a resource, as every form asks for them.
import { Input, InputArea } from "@cloudflare/kumo/components/input";
import { withError } from "./field-error.tsx";

// Twice what the server accepts: browsers count UTF-16 units, of which a character has two at most.
const MAX_NAME = 128;
const MAX_DESCRIPTION = 512;

interface FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: string | undefined;
}

export function NameField({ value, onChange, error, hint }: FieldProps & { readonly hint?: string }) {
  return (
    <Input
      label="Name"
      className="w-full"
      autoComplete="off"
      maxLength={MAX_NAME}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      description={hint}
      {...withError(error)}
    />
  );
}

export function DescriptionField({ value, onChange, error }: FieldProps) {
  return (
    <InputArea
      label="Description (optional)"
      className="w-full"
      rows={2}
      maxLength={MAX_DESCRIPTION}
      value={value}
      // A description is one line on the wire.
      onChange={(event) => onChange(event.target.value.replaceAll("\n", " "))}
      {...withError(error)}
    />
  );
}
