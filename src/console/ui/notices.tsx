// What a page shows in place of data: a problem, an empty list, or a loading state.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { createContext, type ReactNode, useContext } from "react";
import { asProblem, type Problem, type ProblemKind } from "../problem.ts";

const TITLES: Readonly<Record<ProblemKind, string>> = {
  offline: "No connection",
  signed_out: "Your session has ended",
  forbidden: "Permission denied",
  missing: "Not found",
  conflict: "Conflict with the current state",
  invalid: "Please fix the highlighted fields",
  busy: "Too many requests",
  unavailable: "Gatehouse is temporarily unavailable",
};

/** Codes that say more than their kind. */
const TITLES_BY_CODE: Readonly<Record<string, string>> = {
  policy_violation: "The account's policy does not allow this",
  approval_required: "A second person has to approve this",
  approval_rejected: "A second person has rejected this",
  precondition_failed: "Somebody else has changed this",
};

/** What the signed-in console adds to the notice of a problem, so that the first-start page does not load it. */
export const ProblemSteps = createContext<(problem: Problem) => ReactNode>(() => null);

interface NoticeProps {
  readonly problem: unknown;
  readonly onRetry?: (() => void) | undefined;
  readonly children?: ReactNode;
}

/** A problem and the possible next step. Screen readers announce it immediately. */
export function ProblemNotice({ problem, onRetry, children }: NoticeProps) {
  const shown: Problem = asProblem(problem);
  const stepsOf = useContext(ProblemSteps);
  return (
    <div role="alert">
      <Banner
        variant={shown.kind === "conflict" || shown.code === "approval_required" ? "alert" : "error"}
        title={TITLES_BY_CODE[shown.code] ?? TITLES[shown.kind]}
        description={
          <span className="flex flex-col items-start gap-2">
            <span>{shown.message}</span>
            {children}
            {stepsOf(shown)}
            {shown.requestId && shown.kind === "unavailable" && (
              <span className="text-sm">Request ID for the log: {shown.requestId}</span>
            )}
            {onRetry && (
              <Button size="sm" onClick={onRetry}>
                Try again
              </Button>
            )}
          </span>
        }
      />
    </div>
  );
}

interface EmptyStateProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

export function EmptyState({ title, children, action }: EmptyStateProps) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-14 text-center">
      <h2 className="text-lg font-semibold">{title}</h2>
      <p className="max-w-prose text-kumo-subtle">{children}</p>
      {action && <div className="mt-3">{action}</div>}
    </div>
  );
}

const ROWS = ["w-3/4", "w-2/3", "w-4/5", "w-1/2", "w-3/5"];

/** A placeholder for rows. */
export function LoadingRows({ what }: { readonly what: string }) {
  return (
    <div role="status" className="flex flex-col gap-4 p-5">
      <span className="sr-only">Loading {what} …</span>
      {ROWS.map((width) => (
        <div key={width} className={`h-4 animate-pulse rounded bg-kumo-fill ${width}`} />
      ))}
    </div>
  );
}
