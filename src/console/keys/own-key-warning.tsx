// Warns before a change of the key that the user is signed in with.
import { Banner } from "@cloudflare/kumo/components/banner";
import { useSession } from "../session.ts";

interface WarningProps {
  readonly keyId: string;
  readonly consequence: string;
}

export function OwnKeyWarning({ keyId, consequence }: WarningProps) {
  const { selfId } = useSession();
  if (keyId !== selfId) return null;
  return <Banner variant="alert" title="You are signed in with this key" description={consequence} />;
}
