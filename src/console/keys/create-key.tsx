// Creates a key: first the form, then the key itself, which is shown only once.
import { useRef, useState } from "react";
import type { ApiKeyData, ApiKeySpec, CreatedApiKey } from "../../admin/api-keys/schema.ts";
import { useAction } from "../action.ts";
import { Problem } from "../problem.ts";
import { goTo } from "../route.tsx";
import { useSession } from "../session.ts";
import { Overlay } from "../ui/overlay.tsx";
import { CreateKeyForm } from "./create-key-form.tsx";
import type { KeyRow } from "./key-row.ts";
import { useUpdateKey } from "./keys-data.ts";
import { NewKey } from "./new-key.tsx";

interface CreatedKey {
  readonly key: KeyRow;
  readonly secret: string;
}

export function CreateKey({ onClose }: { readonly onClose: () => void }) {
  const { api, account } = useSession();
  const updateKey = useUpdateKey();
  // The only copy of the secret. It is gone when this dialog closes.
  const [created, setCreated] = useState<CreatedKey | null>(null);
  // The same for every attempt, so that a retry after a lost response does not create a second key.
  const idempotencyKey = useRef(crypto.randomUUID());
  const { run, busy, problem, clear } = useAction(async (spec: ApiKeySpec) => {
    const headers = { "idempotency-key": idempotencyKey.current };
    const response = await api.send<CreatedApiKey>("POST", `${account}/api-keys`, spec, headers).catch(cacheEarlier);
    setCreated({ key: updateKey(response.data), secret: response.jwt });
  });

  /** An earlier attempt created the key: the error contains it. */
  function cacheEarlier(error: unknown): never {
    if (error instanceof Problem && error.code === "idempotency_key_used") {
      updateKey((error.body as { data: ApiKeyData }).data);
    }
    throw error;
  }

  function showEarlier(id: string) {
    onClose();
    goTo("keys", id);
  }

  function startOver() {
    idempotencyKey.current = crypto.randomUUID();
    clear();
  }

  if (created !== null) {
    return (
      <NewKey
        keyRow={created.key}
        secret={created.secret}
        onStored={() => {
          setCreated(null);
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
