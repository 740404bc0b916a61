// Shows a new key to copy or download. Closing the dialog removes the secret from the browser.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { KEY_VARIABLES } from "../api.ts";
import { curlCommand } from "../session.ts";
import { CopyButton } from "../ui/copy.tsx";
import { DownloadIcon } from "../ui/icons.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { Secret } from "../ui/secret.tsx";
import { exactTime } from "../ui/time.tsx";
import { useWarnOnLeave } from "../ui/warn-on-leave.ts";
import type { KeyRow } from "./key-row.ts";

interface NewKeyProps {
  readonly keyRow: KeyRow;
  readonly secret: string;
  readonly onStored: () => void;
}

export function NewKey({ keyRow: key, secret, onStored }: NewKeyProps) {
  // Closing the tab would lose the key.
  useWarnOnLeave(true);
  const canary = key.status === "CANARY";
  return (
    <Overlay title={`“${key.name}” is ready`}>
      <Banner
        variant="alert"
        title="Store the key now"
        description="It is shown only once. Gatehouse stores no copy; a lost key can only be replaced."
      />
      {canary && <p>This is a canary key. It never opens: every request with it is denied, and its use is reported.</p>}
      <Secret label="API key" text={secret} />
      <div className="flex flex-wrap gap-2">
        <CopyButton text={() => secret} what="the API key" label="Copy key" />
        <Button icon={<DownloadIcon />} onClick={() => download(key, secret)}>
          Download .env
        </Button>
      </div>
      {!canary && (
        <>
          <Secret label="Try it" text={curlCommand(secret)} />
          <div>
            <CopyButton text={() => curlCommand(secret)} what="the command" label="Copy command" />
          </div>
        </>
      )}
      <Buttons>
        <Button variant="primary" onClick={onStored}>
          I have stored it
        </Button>
      </Buttons>
    </Overlay>
  );
}

/** Downloads the variables that the clients of the API behind the gateway read. */
function download(key: KeyRow, secret: string): void {
  const expiry = key.expiresAt === null ? "never expires" : `expires on ${exactTime(key.expiresAt)}`;
  const [urlName, keyName] = KEY_VARIABLES;
  const text = `# API key "${key.name}" (${key.roleName}), ${expiry}\n${urlName}=${location.origin}\n${keyName}=${secret}\n`;
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${key.name.replaceAll(/[^\p{L}\p{M}\p{N}_.-]+/gu, "-")}.env`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}
