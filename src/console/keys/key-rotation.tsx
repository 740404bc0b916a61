// The rotation in the sheets of both its keys: the other key, how far clients have moved, and the buttons to end it.
import { Button } from "@cloudflare/kumo/components/button";
import type { RevokedApiKey } from "../../admin/api-keys/schema.ts";
import { useAction } from "../action.ts";
import { PageLink } from "../route.tsx";
import { useSession } from "../session.ts";
import { Fact, Facts, Section } from "../ui/facts.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { countOf } from "../ui/numbers.ts";
import { When } from "../ui/time.tsx";
import type { KeyRow } from "./key-row.ts";
import { useUpdateKey } from "./keys-data.ts";

export function KeyRotation({ keyRow: key }: { readonly keyRow: KeyRow }) {
  const { may } = useSession();
  const { rotation } = key;
  if (rotation === null) return null;
  const isOld = rotation.predecessor_id === key.id;
  const { predecessor_requests: old, successor_requests: moved } = rotation;
  const share = old + moved === 0 ? null : Math.round((100 * moved) / (old + moved));
  return (
    <Section title="Rotation">
      <Facts>
        <Fact name={isOld ? "Replaced by" : "Replaces"}>
          <PageLink
            page="keys"
            id={isOld ? rotation.successor_id : rotation.predecessor_id}
            className="text-kumo-link underline"
          >
            {isOld ? "the new key" : "the old key"}
          </PageLink>
        </Fact>
        <Fact name="Rotated">
          <When at={Date.parse(rotation.rotated_on)} exact />
        </Fact>
        <Fact name="Since then">
          {countOf(moved, "request")} with the new key, {countOf(old, "request")} with the old one
          {share !== null && ` (${share}% moved)`}
        </Fact>
      </Facts>
      {isOld && key.status === "ACTIVE" && may("API_KEY:CREATE") && <RotationButtons keyRow={key} />}
    </Section>
  );
}

function RotationButtons({ keyRow: key }: { readonly keyRow: KeyRow }) {
  const { api, account } = useSession();
  const updateKey = useUpdateKey();
  const path = `${account}/api-keys/${encodeURIComponent(key.id)}/rotation`;
  const { run, busy, problem } = useAction(async (overlapHours: number | null) => {
    const [method, body] =
      overlapHours === null ? (["DELETE"] as const) : (["PATCH", { overlap_hours: overlapHours }] as const);
    updateKey((await api.send<RevokedApiKey>(method, path, body, { "if-match": key.etag })).data);
  });
  return (
    <>
      <div className="flex flex-wrap gap-2">
        <Button loading={busy} onClick={() => run(0)}>
          Finish now
        </Button>
        <Button loading={busy} onClick={() => run(168)}>
          Extend to 7 days
        </Button>
        <Button loading={busy} onClick={() => run(null)}>
          Cancel the rotation
        </Button>
      </div>
      {problem && <ProblemNotice problem={problem} />}
    </>
  );
}
