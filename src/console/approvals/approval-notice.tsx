// At a form whose change needs a second person: the reasons, the link for that person, and the same request again.
import { Button } from "@cloudflare/kumo/components/button";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { ApprovalData } from "../../admin/approvals/schema.ts";
import type { Problem } from "../problem.ts";
import { pathOf } from "../route.tsx";
import { CopyButton } from "../ui/copy.tsx";
import { When } from "../ui/time.tsx";
import { useReloadApprovals } from "./approvals-data.ts";

/** The next steps of a problem with an approval; `null`: of another one. */
export function approvalSteps(problem: Problem): ReactNode {
  const { code } = problem;
  return code === "approval_required" || code === "approval_rejected" ? <ApprovalNotice problem={problem} /> : null;
}

function ApprovalNotice({ problem }: { readonly problem: Problem }) {
  const { approval } = problem.body as { readonly approval: ApprovalData };
  const reload = useReloadApprovals();
  const steps = useRef<HTMLSpanElement>(null);
  /** What `Send again` was clicked at: a later problem is its result. */
  const [clicked, setClicked] = useState<Problem | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: when it is asked for, and when it was made or given up
  useEffect(() => {
    void reload();
    // It is at the end of the form, which may scroll.
    steps.current?.scrollIntoView({ block: "nearest" });
    return () => void reload();
  }, []);
  const path = pathOf("approvals", approval.id);
  const { again } = problem;
  const waits = problem.code === "approval_required";
  return (
    <>
      <span>{approval.reasons.join(" ")}</span>
      {waits && (
        <span>
          It can be approved until <When at={Date.parse(approval.expires_on)} exact />. Keep this open: it repeats the
          request exactly as it was.
        </span>
      )}
      <span ref={steps} className="flex flex-wrap items-center gap-3">
        {/* In a new tab, since the form with its input is in this one. */}
        <a href={path} target="_blank" rel="noreferrer" className="text-kumo-link underline">
          Show the approval (new tab)
        </a>
        <CopyButton text={() => location.origin + path} what="the link to the approval" />
        {waits && again !== null && (
          <Button
            size="sm"
            onClick={() => {
              setClicked(problem);
              again();
            }}
          >
            Send again
          </Button>
        )}
      </span>
      {/* In place of a loading button: a disabled one would lose the focus. */}
      <span role="status">
        {waits && clicked !== null && (clicked === problem ? "Sending …" : "Nobody has approved it yet.")}
      </span>
    </>
  );
}
