// The values that a new deployment lacks: makes the secrets in this browser, and says how to set each value.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import { CopyButton } from "../ui/copy.tsx";
import { Secret } from "../ui/secret.tsx";
import { useWarnOnLeave } from "../ui/warn-on-leave.ts";
import { newIdentityKeys, newKeyRing } from "./new-secrets.ts";
import { Step } from "./step.tsx";

type Secrets = Readonly<Record<string, string>>;

const MAKERS: Readonly<Record<string, () => string | Promise<string>>> = {
  KEY_RING: () => newKeyRing(new Date()),
  IDENTITY_KEYS: newIdentityKeys,
};

interface ValuesProps {
  readonly missing: readonly string[];
  readonly busy: boolean;
  readonly onKeyRing: (keyRing: string) => void;
  readonly onContinue: () => void;
}

export function ValuesStep({ missing, busy, onKeyRing, onContinue }: ValuesProps) {
  const [secrets, setSecrets] = useState<Secrets | null>(null);
  const [failed, setFailed] = useState(false);
  const names = missing.filter((name) => name in MAKERS);
  useWarnOnLeave(secrets !== null && names.length > 0);

  async function make() {
    try {
      const made = names.map(async (name) => [name, await MAKERS[name]?.()] as const);
      const all = Object.fromEntries(await Promise.all(made)) as Secrets;
      setSecrets(all);
      if (all.KEY_RING !== undefined) onKeyRing(all.KEY_RING);
    } catch {
      setFailed(true);
    }
  }

  return (
    <>
      {names.length > 0 && (
        <Step title="Make the secrets">
          <p>
            This Worker lacks {names.join(" and ")}. This page makes them in your browser: they are not sent and not
            stored.
          </p>
          {failed && <NoEd25519 />}
          {secrets === null ? (
            <div>
              <Button variant="primary" onClick={() => void make()}>
                Make the secrets
              </Button>
            </div>
          ) : (
            <Made secrets={secrets} />
          )}
        </Step>
      )}
      {missing.includes("UPSTREAM_URL") && <Upstream />}
      <Step title="Continue">
        <p>A new value is in effect a few seconds after it was set. Keep this page open until then.</p>
        <div>
          <Button variant={secrets === null ? "secondary" : "primary"} loading={busy} onClick={onContinue}>
            The values are set: continue
          </Button>
        </div>
        <p role="status">Still missing: {missing.join(", ")}.</p>
      </Step>
    </>
  );
}

function Made({ secrets }: { readonly secrets: Secrets }) {
  const json = JSON.stringify(secrets);
  return (
    <>
      <Banner
        variant="alert"
        title="Store the secrets now"
        description="Cloudflare does not show a secret again. KEY_RING proves in the next step that this deployment is yours, and a rotation needs it."
      />
      {Object.entries(secrets).map(([name, value]) => (
        <div key={name} className="flex flex-col gap-2">
          <Secret label={name} text={value} />
          <div>
            <CopyButton text={() => value} what={name} label={`Copy ${name}`} />
          </div>
        </div>
      ))}
      <p>
        <strong>In the Cloudflare dashboard:</strong> Workers &amp; Pages → this Worker → Settings → Variables and
        Secrets. Add each as a secret with its name, or replace the value <code>generate-me</code>, then deploy.
      </p>
      <p>
        <strong>Or in a terminal,</strong> in the repository of this deployment: run{" "}
        <code>npx wrangler secret bulk</code>, paste this line, then press Enter and Ctrl+D.
      </p>
      <Secret label="Input of wrangler secret bulk" text={json} />
      <div>
        <CopyButton text={() => json} what="the input of wrangler secret bulk" label="Copy the line" />
      </div>
    </>
  );
}

function Upstream() {
  return (
    <Step title="Name your API">
      <p>
        Set <code>UPSTREAM_URL</code> in <code>wrangler.toml</code> below <code>[vars]</code> to the origin of your API,
        such as <code>https://api.example.com</code>, and deploy. The next deployment would replace a value that is set
        in the dashboard.
      </p>
    </Step>
  );
}

const KEY_RING_COMMAND = `node -p 'JSON.stringify({ k1: require("crypto").randomBytes(32).toString("base64url") })'`;
const IDENTITY_COMMAND = `node -p 'JSON.stringify({ keys: [{ ...require("crypto").generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }), kid: "i1", alg: "EdDSA" }] })'`;

function NoEd25519() {
  return (
    <div role="alert" className="flex flex-col gap-4">
      <Banner
        variant="error"
        title="This browser cannot make the secrets"
        description="It does not implement Ed25519, or the address of this page is not https. Make them in a terminal instead."
      />
      <Secret label="Command for KEY_RING" text={KEY_RING_COMMAND} />
      <Secret label="Command for IDENTITY_KEYS" text={IDENTITY_COMMAND} />
    </div>
  );
}
