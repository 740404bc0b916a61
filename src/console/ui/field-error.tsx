// The error at a form field, visible and announced to assistive technology.

/** Props of Kumo's inputs. */
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
