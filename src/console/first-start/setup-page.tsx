// The first-start page of a deployment: its secrets, then its account and Admin key. Secrets are made in the browser and are
// kept in this page's memory only.
import { Button } from "@cloudflare/kumo/components/button";
import { CSPProvider } from "@cloudflare/kumo/primitives/csp-provider";
import { useCallback, useEffect, useState } from "react";
import { asProblem, type Problem } from "../problem.ts";
import { LogoIcon } from "../ui/icons.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { AccountStep } from "./account-step.tsx";
import { AdminKeyStep } from "./admin-key-step.tsx";
import { fetchState, type SetupState } from "./setup-api.ts";
import { Step } from "./step.tsx";
import { ValuesStep } from "./values-step.tsx";

export function SetupPage() {
  return (
    <CSPProvider disableStyleElements>
      <main className="mx-auto flex min-h-dvh w-full max-w-3xl flex-col gap-6 px-5 py-10">
        <div className="flex items-center gap-3">
          <LogoIcon />
          <h1 className="text-2xl font-semibold">Set up Gatehouse</h1>
        </div>
        <Steps />
      </main>
    </CSPProvider>
  );
}

function Steps() {
  const { state, problem, busy, load } = useSetupState();
  const [keyRing, setKeyRing] = useState("");
  const [adminKey, setAdminKey] = useState<string | null>(null);

  if (adminKey !== null) return <AdminKeyStep adminKey={adminKey} />;
  if (problem !== null) return <ProblemNotice problem={problem} onRetry={load} />;
  if (state === null) return <p role="status">Loading …</p>;
  switch (state.state) {
    case "values_missing":
      return <ValuesStep missing={state.missing} busy={busy} onKeyRing={setKeyRing} onContinue={load} />;
    case "tables_missing":
      return <TablesStep busy={busy} onContinue={load} />;
    case "account_missing":
      return <AccountStep knownKeyRing={keyRing} onCreated={setAdminKey} onExists={load} />;
    case "account_exists":
      return (
        <Step title="This deployment has an account">
          <p>
            This page makes the first account only.{" "}
            <a href="/console/" className="text-kumo-link underline">
              Sign in to the console
            </a>{" "}
            with its Admin key.
          </p>
        </Step>
      );
  }
}

/** What the deployment still lacks; `load` asks again. */
function useSetupState() {
  const [state, setState] = useState<SetupState | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const load = useCallback(() => {
    setBusy(true);
    setProblem(null);
    fetchState()
      .then(setState, (error) => setProblem(asProblem(error)))
      .finally(() => setBusy(false));
  }, []);
  useEffect(load, [load]);
  return { state, problem, busy, load };
}

interface TablesProps {
  readonly busy: boolean;
  readonly onContinue: () => void;
}

function TablesStep({ busy, onContinue }: TablesProps) {
  return (
    <Step title="Create the tables">
      <p>
        The database has no tables yet. Run <code>npx wrangler d1 migrations apply DB --remote</code> in the repository
        of this deployment; <code>npm run deploy</code> does so before it deploys.
      </p>
      <div>
        <Button variant="primary" loading={busy} onClick={onContinue}>
          Check again
        </Button>
      </div>
    </Step>
  );
}
