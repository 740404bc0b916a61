// The console, signed in or not. When a session ends, the page stays as it is below a dialog that asks for a new sign-in, so
// that no input is lost.
import { CSPProvider } from "@cloudflare/kumo/primitives/csp-provider";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import {
  accountsIn,
  ChooseAccountAgain,
  ChooseAccountPage,
  type PendingChoice,
  rememberAccount,
  rememberedAccount,
} from "./accounts.tsx";
import { PROXY_SIGN_IN } from "./api.ts";
import { approvalSteps } from "./approvals/approval-notice.tsx";
import { asProblem, Problem } from "./problem.ts";
import { goTo, routeOf } from "./route.tsx";
import { type Session, SessionProvider, signIn } from "./session.ts";
import { Shell } from "./shell.tsx";
import { type ProxyIdentity, SignInAgain, SignInPage } from "./sign-in.tsx";
import { ProblemSteps } from "./ui/notices.tsx";

function newClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        refetchOnWindowFocus: false,
        retry: (count, error) => count < 2 && error instanceof Problem && error.kind === "unavailable",
      },
    },
  });
}

interface SignedIn {
  readonly session: Session;
  /** One cache per account, so that no data of another account is shown. */
  readonly client: QueryClient;
}

/** `null`: there is no identity from an access proxy, or it cannot be known; the user signs in with an API key. */
function proxyProblem(error: unknown): Problem | null {
  const problem = asProblem(error);
  const unidentified =
    problem.code === "credential_missing" || problem.kind === "offline" || problem.message === PROXY_SIGN_IN;
  return unidentified ? null : problem;
}

/** The account that was remembered may have expired, or have removed the operator. */
const isStale = ({ code }: Problem) => code === "account_mismatch" || code === "key_expired";

/** The session of the page, the problem that ended it, and the functions that start and discard it. */
function useSignedIn() {
  const [signedIn, setSignedIn] = useState<SignedIn | null>(null);
  const [choice, setChoice] = useState<PendingChoice | null>(null);
  const [ended, setEnded] = useState<Problem | null>(null);
  // A late response to the previous credential must not end the current session.
  const latest = useRef("");

  const establish = useCallback((session: Session) => {
    latest.current = session.selfId;
    if (session.accounts.length > 1) rememberAccount(session.accountId);
    setSignedIn((before) => {
      const same = before?.session.accountId === session.accountId;
      return { session, client: same ? before.client : newClient() };
    });
    setChoice(null);
    setEnded(null);
  }, []);

  const startSession = useCallback(
    async (token: string | null, wanted = rememberedAccount()): Promise<void> => {
      const onEnd = (session: Session, problem: Problem) => latest.current === session.selfId && setEnded(problem);
      try {
        establish(await signIn(token, wanted, onEnd));
      } catch (error) {
        const problem = asProblem(error);
        const accounts = accountsIn(problem);
        if (accounts !== null) return setChoice({ accounts, choose: (id) => startSession(token, id) });
        if (wanted === null || !isStale(problem)) throw error;
        rememberAccount(null);
        await startSession(token, null);
      }
    },
    [establish],
  );

  /** Continues in another account, at the same page. */
  async function switchAccount(id: string) {
    if (signedIn === null) return;
    const session = await signedIn.session.enter(id);
    goTo(routeOf(location.pathname).page);
    establish(session);
  }

  useEffect(() => {
    // Queries that failed with the previous credential run again with the new one.
    void signedIn?.client.refetchQueries({ predicate: (query) => query.state.status === "error" });
  }, [signedIn]);

  function signOut() {
    signedIn?.client.clear();
    rememberAccount(null);
    setSignedIn(null);
    setChoice(null);
    setEnded(null);
  }
  return { signedIn, choice, ended, startSession, switchAccount, signOut };
}

/** Tries to sign in with the identity of an access proxy, once. */
function useProxyIdentity(startSession: (token: null) => Promise<void>): ProxyIdentity | "pending" {
  const [proxy, setProxy] = useState<ProxyIdentity | "pending">("pending");
  useEffect(() => {
    startSession(null).then(
      () => setProxy("identified"),
      (error) => setProxy(proxyProblem(error) ?? "none"),
    );
  }, [startSession]);
  return proxy;
}

export function App() {
  const { signedIn, choice, ended, startSession, switchAccount, signOut } = useSignedIn();
  const proxy = useProxyIdentity(startSession);
  if (signedIn === null) {
    if (choice !== null) return <ChooseAccountPage {...choice} onSignOut={signOut} />;
    if (proxy !== "pending") return <SignInPage proxy={proxy} onSignIn={startSession} />;
    return (
      <p role="status" className="p-6">
        Signing in …
      </p>
    );
  }
  const { session, client } = signedIn;
  return (
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={client}>
        <SessionProvider value={session}>
          <ProblemSteps value={approvalSteps}>
            <Shell key={session.accountId} onSwitchAccount={switchAccount} onSignOut={signOut} />
          </ProblemSteps>
          {ended && choice === null && (
            <SignInAgain reason={ended} byProxy={session.byProxy} onSignIn={startSession} onSignOut={signOut} />
          )}
          {choice && <ChooseAccountAgain {...choice} onSignOut={signOut} />}
        </SessionProvider>
      </QueryClientProvider>
    </CSPProvider>
  );
}
