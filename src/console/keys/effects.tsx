// When a change of a key takes effect, as the server reports it.
import { Button } from "@cloudflare/kumo/components/button";
import type { ReactNode } from "react";
import type { RevokedApiKey } from "../../admin/api-keys/schema.ts";
import { Fact, Facts } from "../ui/facts.tsx";
import { countOf } from "../ui/numbers.ts";
import { Buttons, Overlay } from "../ui/overlay.tsx";

export type Effective = RevokedApiKey["effective"];

interface ReceiptProps {
  readonly title: string;
  /** One sentence before the times. */
  readonly children: ReactNode;
  readonly effective: Effective;
  readonly onClose: () => void;
}

export function EffectsReceipt({ title, children, effective, onClose }: ReceiptProps) {
  const { mutations, reads_within_s, degraded_reads_within_s } = effective;
  return (
    <Overlay title={title} onClose={onClose}>
      <p role="status">{children}</p>
      <Facts>
        <Fact name="Writes">{mutations === "now" ? "immediately" : within(mutations)}</Fact>
        <Fact name="Reads">{within(reads_within_s)}</Fact>
        <Fact name="Storage outage">reads {within(degraded_reads_within_s)}</Fact>
      </Facts>
      <Buttons>
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      </Buttons>
    </Overlay>
  );
}

function within(seconds: number): string {
  return seconds === 0 ? "immediately" : `within ${countOf(seconds, "second")}`;
}
