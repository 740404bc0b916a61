// A labeled select: the native element, for its keyboard, screen reader and mobile support.
import { inputVariants } from "@cloudflare/kumo/components/input";
import { useId } from "react";
import { FieldError } from "./field-error.tsx";

interface ChoiceFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly choices: readonly { readonly value: string; readonly text: string }[];
  readonly placeholder: string;
  readonly error?: string | undefined;
}

export function ChoiceField({ label, value, onChange, choices, placeholder, error }: ChoiceFieldProps) {
  const id = useId();
  return (
    <div className="flex flex-col gap-2">
      <label htmlFor={id} className="text-base font-medium">
        {label}
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-invalid={error !== undefined}
        aria-describedby={error === undefined ? undefined : `${id}-error`}
        className={`${inputVariants({ variant: error === undefined ? "default" : "error" })} w-full`}
      >
        <option value="" disabled>
          {placeholder}
        </option>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
      </select>
      <FieldError id={`${id}-error`} error={error} />
    </div>
  );
}
