// Makes a key: first the form, then the key itself, once.
import { useRef, useState } from "react";
import type { ApiKeyData, ApiKeySpec, CreatedApiKey } from "../../admin/api-keys/schema.ts";
import { useAction } from "../action.ts";
import { Problem } from "../problem.ts";
import { goTo } from "../route.tsx";
import { useSession } from "../session.ts";
import { Overlay } from "../ui/overlay.tsx";
import { CreateKeyForm } from "./create-key-form.tsx";
import { KeyOnce } from "./key-once.tsx";
import type { KeyRow } from "./key-row.ts";
import { useRememberKey } from "./keys-data.ts";

interface Made {
  readonly key: KeyRow;
  readonly secret: string;
}

export function CreateKey({ onClose }: { readonly onClose: () => void }) {
  const { api, account } = useSession();
  const remember = useRememberKey();
  // The secret's only place. It goes when this is closed.
  const [made, setMade] = useState<Made | null>(null);
  // The same for every attempt, so that one lost answer and a second click still make one key.
  const attempt = useRef(crypto.randomUUID());
  const { run, busy, problem, clear } = useAction(async (spec: ApiKeySpec) => {
    const headers = { "idempotency-key": attempt.current };
    const answer = await api.send<CreatedApiKey>("POST", `${account}/api-keys`, spec, headers).catch(noteReplay);
    setMade({ key: remember(answer.data), secret: answer.jwt });
  });

  function noteReplay(error: unknown): never {
    if (error instanceof Problem && error.code === "idempotency_key_used") {
      remember((error.answer as { data: ApiKeyData }).data);
    }
    throw error;
  }

  function showEarlier(id: string) {
    onClose();
    goTo("keys", id);
  }

  function startOver() {
    attempt.current = crypto.randomUUID();
    clear();
  }

  if (made !== null) {
    return (
      <KeyOnce
        keyRow={made.key}
        secret={made.secret}
        onStored={() => {
          setMade(null);
          onClose();
        }}
      />
    );
  }
  return (
    <Overlay title="Create an API key" onClose={onClose}>
      <CreateKeyForm
        busy={busy}
        problem={problem}
        onSubmit={run}
        onCancel={onClose}
        onShowEarlier={showEarlier}
        onStartOver={startOver}
      />
    </Overlay>
  );
}
