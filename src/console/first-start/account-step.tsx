// Asks for the name of the first account, and for KEY_RING as the proof that the deployment is the user's.
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { type FormEvent, useState } from "react";
import { useAction } from "../action.ts";
import { useFieldErrors } from "../field-errors.ts";
import { isOutside, Problem } from "../problem.ts";
import { withError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons } from "../ui/overlay.tsx";
import { createFirstAccount } from "./setup-api.ts";
import { Step } from "./step.tsx";

const FIELDS = ["account_name", "key_ring"];

interface AccountProps {
  /** The key ring that this page has made; empty: it has made none. */
  readonly knownKeyRing: string;
  readonly onCreated: (adminKey: string) => void;
  /** The account was made by another request. */
  readonly onExists: () => void;
}

export function AccountStep({ knownKeyRing, onCreated, onExists }: AccountProps) {
  const [name, setName] = useState("");
  const [keyRing, setKeyRing] = useState(knownKeyRing);
  const { run, busy, problem } = useAction(async () => {
    try {
      onCreated(await createFirstAccount(name.trim(), keyRing.trim()));
    } catch (error) {
      if (error instanceof Problem && error.kind === "missing") onExists();
      else throw error;
    }
  });
  const { check, errorOf } = useFieldErrors(problem);
  const mismatch = problem?.code === "key_ring_mismatch" ? problem.message : undefined;

  function submit(event: FormEvent) {
    event.preventDefault();
    const valid = check({
      ...(name.trim() === "" ? { account_name: "Enter a name." } : {}),
      ...(keyRing.trim() === "" ? { key_ring: "Paste the value of KEY_RING." } : {}),
    });
    if (valid) run();
  }

  return (
    <Step title="Create the account and its Admin key">
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        {problem && mismatch === undefined && isOutside(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Input
          label="Company"
          className="w-full"
          autoComplete="organization"
          maxLength={128}
          value={name}
          onChange={(event) => setName(event.target.value)}
          {...withError(errorOf("account_name"))}
        />
        <Input
          label="KEY_RING"
          type="password"
          autoComplete="off"
          spellCheck={false}
          className="w-full font-mono"
          value={keyRing}
          onChange={(event) => setKeyRing(event.target.value)}
          description="The value of the secret, as proof that this deployment is yours."
          {...withError(mismatch ?? errorOf("key_ring"))}
        />
        <Buttons>
          <Button type="submit" variant="primary" loading={busy}>
            Create the account
          </Button>
        </Buttons>
      </form>
    </Step>
  );
}
