// Dialogs before a change that cannot be undone.
import { Button } from "@cloudflare/kumo/components/button";
import type { ReactNode } from "react";
import { useAction } from "../action.ts";
import { ProblemNotice } from "./notices.tsx";
import { Buttons, Overlay } from "./overlay.tsx";

interface ConfirmProps {
  readonly title: string;
  /** Of the button, such as "Revoke". */
  readonly verb: string;
  /** What the change does. */
  readonly children: ReactNode;
  readonly onCancel: () => void;
  /** @param force whether the user confirmed that the account loses its last manager of API keys */
  readonly onConfirm: (force: boolean) => Promise<void>;
}

export function ConfirmDialog({ title, verb, children, onCancel, onConfirm }: ConfirmProps) {
  const { run, busy, problem } = useAction(onConfirm);
  const lastManager = problem?.code === "last_manager";
  return (
    <Overlay title={title} onClose={onCancel}>
      {children}
      {problem && <ProblemNotice problem={problem} />}
      <Buttons>
        <Button onClick={onCancel}>Cancel</Button>
        <Button variant="destructive" loading={busy} onClick={() => run(lastManager)}>
          {lastManager ? `${verb} anyway` : verb}
        </Button>
      </Buttons>
    </Overlay>
  );
}

interface DeleteProps {
  /** Such as "the role “Auditor”". */
  readonly what: string;
  /** When the server rejects the deletion. */
  readonly condition: string;
  readonly remove: () => Promise<void>;
  readonly onCancel: () => void;
  readonly onDeleted: () => void;
}

/** Deletes a resource after a confirmation. */
export function ConfirmDelete({ what, condition, remove, onCancel, onDeleted }: DeleteProps) {
  async function confirm(): Promise<void> {
    await remove();
    onDeleted();
  }
  return (
    <ConfirmDialog title={`Delete ${what}?`} verb="Delete" onCancel={onCancel} onConfirm={confirm}>
      <p>{condition}</p>
    </ConfirmDialog>
  );
}
