// The time and the client address of a key's last request.
import { Fact } from "../ui/facts.tsx";
import { When } from "../ui/time.tsx";
import type { KeyRow } from "./key-row.ts";

export function LastUse({ keyRow: key }: { readonly keyRow: KeyRow }) {
  return (
    <>
      <Fact name="Last used">{key.lastUsedAt === null ? "Not yet used" : <When at={key.lastUsedAt} exact />}</Fact>
      {key.lastUsedAt !== null && <Fact name="From">{key.lastUsedFrom ?? "Unknown address"}</Fact>}
    </>
  );
}
