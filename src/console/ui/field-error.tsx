// What is wrong with a field, where it is: shown, and told to whoever cannot see it.

/** For Kumo's inputs: the sentence, and the mark that assistive technology reads. */
export function withError(error: string | undefined): { readonly error?: string; readonly "aria-invalid"?: true } {
  return error === undefined ? {} : { error, "aria-invalid": true };
}

interface FieldErrorProps {
  readonly id?: string;
  readonly error: string | undefined;
}

export function FieldError({ id, error }: FieldErrorProps) {
  if (error === undefined) return null;
  return (
    <p id={id} role="alert" className="text-sm text-kumo-danger">
      {error}
    </p>
  );
}
