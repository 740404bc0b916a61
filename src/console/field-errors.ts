// The errors at the fields of a form: those that the form finds before it sends, then those of the server's response.
import { useState } from "react";
import { fieldErrorOf, type Problem } from "./problem.ts";

type FieldErrors = Readonly<Record<string, string>>;

interface FormErrors {
  /** Shows these errors. @returns whether there are none, so that the form can be sent */
  readonly check: (errors: FieldErrors) => boolean;
  readonly errorOf: (field: string) => string | undefined;
}

export function useFieldErrors(problem: Problem | null): FormErrors {
  const [found, setFound] = useState<FieldErrors>({});
  return {
    check(errors) {
      setFound(errors);
      return Object.keys(errors).length === 0;
    },
    errorOf: (field) => found[field] ?? fieldErrorOf(problem, field),
  };
}
