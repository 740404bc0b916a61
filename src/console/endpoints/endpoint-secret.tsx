// Shows the secret of an endpoint, which signs its deliveries, to be copied.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { CopyButton } from "../ui/copy.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { Secret } from "../ui/secret.tsx";
import { useWarnOnLeave } from "../ui/warn-on-leave.ts";

interface SecretProps {
  readonly name: string;
  readonly secret: string;
  readonly onStored: () => void;
}

export function EndpointSecret({ name, secret, onStored }: SecretProps) {
  // Closing the tab would lose it.
  useWarnOnLeave(true);
  return (
    <Overlay title={`The secret of “${name}”`}>
      <Banner
        variant="alert"
        title="Store the secret now"
        description="It is shown only once. The receiver verifies deliveries with it."
      />
      <Secret label="Signing secret" text={secret} />
      <div>
        <CopyButton text={() => secret} what="the secret" label="Copy secret" />
      </div>
      <Buttons>
        <Button variant="primary" onClick={onStored}>
          I have stored it
        </Button>
      </Buttons>
    </Overlay>
  );
}
