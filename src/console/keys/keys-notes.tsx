// What is said above the list of keys: which part of them it shows, and which will expire soon.
import { Banner } from "@cloudflare/kumo/components/banner";
import { type KeySubset, PageLink } from "../route.tsx";
import { countOf } from "../ui/numbers.ts";
import { relativeTime } from "../ui/time.tsx";
import { expiresSoon, type KeyRow } from "./key-row.ts";

/** In place of an empty part. */
export const NO_KEY: Readonly<Record<KeySubset, string>> = {
  noncompliant: "Every active key is within the account's policy.",
  archived: "No key has ended so long ago.",
};
const SUBSETS: Readonly<Record<KeySubset, string>> = {
  noncompliant: "Only active keys that the account's policy would not allow today",
  archived: "Only archived keys, which have ended so long ago that the list leaves them out",
};

export function SubsetNote({ subset }: { readonly subset: KeySubset }) {
  return (
    <Banner
      title={SUBSETS[subset]}
      description={
        <PageLink page="keys" className="text-kumo-link underline">
          Show the other keys
        </PageLink>
      }
    />
  );
}

const NOTICE_DAYS = 30;
const NAMED = 5;

/** The active keys that expire within the time of the advance notice, the next one first. */
export function endingKeys(rows: readonly KeyRow[], now: number): readonly KeyRow[] {
  const ending = rows.filter((key) => expiresSoon(key, now, NOTICE_DAYS));
  return ending.sort((a, b) => Number(a.expiresAt) - Number(b.expiresAt));
}

export function EndingKeys({ keys }: { readonly keys: readonly KeyRow[] }) {
  const named = keys.slice(0, NAMED).map((key) => {
    // A predecessor cannot be rotated again: its clients have a key to move to.
    const rotated = key.rotation?.predecessor_id === key.id ? ", rotated already" : "";
    return `${key.name} (${relativeTime(Number(key.expiresAt), Date.now())}${rotated})`;
  });
  return (
    <Banner
      variant="alert"
      title={`${countOf(keys.length, "key")} will expire within ${NOTICE_DAYS} days`}
      description={`Rotate what is still needed: ${named.join(", ")}${keys.length > NAMED ? " and others" : ""}.`}
    />
  );
}
