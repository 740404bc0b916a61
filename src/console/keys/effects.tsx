// How soon a change of a key is felt, as the server says.
import type { RevokedApiKey } from "../../admin/api-keys/schema.ts";
import { Fact, Facts } from "../ui/facts.tsx";

export type Effective = RevokedApiKey["effective"];

const seconds = (count: number) => (count === 0 ? "at once" : `within ${count} ${count === 1 ? "second" : "seconds"}`);

export function Effects({ effective }: { readonly effective: Effective }) {
  return (
    <Facts>
      <Fact name="Changes">{effective.mutations === "now" ? "at once" : seconds(effective.mutations)}</Fact>
      <Fact name="Reads">{seconds(effective.reads_within_s)}</Fact>
      <Fact name="In an outage">reads {seconds(effective.degraded_reads_within_s)}, while storage cannot be asked</Fact>
    </Facts>
  );
}
