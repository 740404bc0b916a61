// Shows the Admin key of the new account. Leaving the page removes it from the browser.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { useEffect, useState } from "react";
import { curlCommand } from "../session.ts";
import { CopyButton } from "../ui/copy.tsx";
import { Buttons } from "../ui/overlay.tsx";
import { Secret } from "../ui/secret.tsx";
import { useWarnOnLeave } from "../ui/warn-on-leave.ts";
import { Step } from "./step.tsx";

export function AdminKeyStep({ adminKey }: { readonly adminKey: string }) {
  const [stored, setStored] = useState(false);
  useWarnOnLeave(!stored);
  useEffect(() => {
    if (stored) location.assign("/console/");
  }, [stored]);

  return (
    <Step title="Your Admin key">
      <Banner
        variant="alert"
        title="Store the key now"
        description="It is shown only once. Gatehouse stores no copy, and this page does not exist any more."
      />
      <Secret label="Admin key" text={adminKey} />
      <div>
        <CopyButton text={() => adminKey} what="the Admin key" label="Copy key" />
      </div>
      <Secret label="Try it" text={curlCommand(adminKey)} />
      <p>
        Once your API has a route of your own zone in <code>wrangler.toml</code>, the next deployment ends this{" "}
        <code>workers.dev</code> address.
      </p>
      <Buttons>
        <Button variant="primary" onClick={() => setStored(true)}>
          I have stored it: open the console
        </Button>
      </Buttons>
    </Step>
  );
}
