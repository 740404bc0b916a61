// The account of an operator who may act in several: chosen after sign-in, switched in the top bar, remembered for the tab. Two
// accounts may have the same name, so the id is always shown.
import { Button } from "@cloudflare/kumo/components/button";
import { useId } from "react";
import type { SelfData } from "../admin/self/schema.ts";
import { useAction } from "./action.ts";
import type { Problem } from "./problem.ts";
import { LogoIcon } from "./ui/icons.tsx";
import { ProblemNotice } from "./ui/notices.tsx";
import { Buttons, Overlay } from "./ui/overlay.tsx";

export type Account = SelfData["accounts"][number];

const REMEMBERED = "gatehouse-account";

/** The account that was chosen in this tab; `null`: none. The only thing that the console stores, and no secret. */
export function rememberedAccount(): string | null {
  return sessionStorage.getItem(REMEMBERED);
}

/** @param id `null` forgets the choice */
export function rememberAccount(id: string | null): void {
  if (id === null) sessionStorage.removeItem(REMEMBERED);
  else sessionStorage.setItem(REMEMBERED, id);
}

/** The accounts to choose from; `null`: the problem is another one. */
export function accountsIn({ code, body }: Problem): readonly Account[] | null {
  return code === "account_required" ? (body as { readonly accounts: readonly Account[] }).accounts : null;
}

/** A sign-in that waits for the choice of an account. */
export interface PendingChoice {
  readonly accounts: readonly Account[];
  readonly choose: (accountId: string) => Promise<void>;
}

interface ChoiceProps extends PendingChoice {
  readonly onSignOut: () => void;
}

/** The page of an operator of several accounts, after sign-in. */
export function ChooseAccountPage(props: ChoiceProps) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-md flex-col justify-center gap-6 px-5 py-10">
      <title>Choose an account · Gatehouse</title>
      <div className="flex items-center gap-3">
        <LogoIcon />
        <h1 className="text-2xl font-semibold">Choose an account</h1>
      </div>
      <Choice {...props} />
    </main>
  );
}

/** The same over a page whose account cannot be used any more. */
export function ChooseAccountAgain(props: ChoiceProps) {
  return (
    <Overlay title="Choose an account">
      <Choice {...props} />
    </Overlay>
  );
}

function Choice({ accounts, choose, onSignOut }: ChoiceProps) {
  const { run, busy, problem } = useAction(choose);
  return (
    <>
      <p>You may act in several accounts. Choose one; you can switch at any time.</p>
      {problem && <ProblemNotice problem={problem} />}
      <ul className="flex flex-col gap-2">
        {accounts.map(({ id, name }) => (
          <li key={id}>
            <Button className="h-auto w-full justify-start py-3 text-left" disabled={busy} onClick={() => run(id)}>
              <span className="flex min-w-0 flex-col">
                <span className="font-medium break-words">{name}</span>
                <span className="font-mono text-sm break-all text-kumo-subtle">{id}</span>
              </span>
            </Button>
          </li>
        ))}
      </ul>
      <Buttons>
        <Button onClick={onSignOut}>Sign out</Button>
      </Buttons>
    </>
  );
}

interface SwitcherProps {
  readonly accounts: readonly Account[];
  readonly accountId: string;
  readonly onChoose: (accountId: string) => Promise<void>;
}

/** The current account and the others, in the top bar. */
export function AccountSwitcher({ accounts, accountId, onChoose }: SwitcherProps) {
  const id = useId();
  const { run, busy, problem } = useAction(onChoose);
  return (
    <span className="flex min-w-0 flex-col">
      <label htmlFor={id} className="sr-only">
        Account
      </label>
      <select
        id={id}
        className="max-w-48 min-w-0 truncate rounded-md border border-kumo-line bg-kumo-base px-2 py-1 text-sm"
        value={accountId}
        disabled={busy}
        onChange={(event) => run(event.target.value)}
      >
        {accounts.map((account) => (
          <option key={account.id} value={account.id}>
            {account.name} ({account.id.slice(0, 8)})
          </option>
        ))}
      </select>
      {problem && (
        <span role="alert" className="text-sm text-kumo-danger">
          {problem.message}
        </span>
      )}
    </span>
  );
}
