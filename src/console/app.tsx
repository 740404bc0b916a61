// The whole console: signed in or not; first asked is whether a proxy in front of it says who it is. When the sign-in dies in the middle of things, the page stays as it is under a dialog
// that asks for another one, so that nothing typed is lost.
import { CSPProvider } from "@cloudflare/kumo/primitives/csp-provider";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { PROXY_ASKS } from "./api.ts";
import { asProblem, Problem } from "./problem.ts";
import { type Session, SessionProvider, signIn } from "./session.ts";
import { Shell } from "./shell.tsx";
import { SignInAgain, SignInPage } from "./sign-in.tsx";

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
  /** One cache per account: nothing of another one is ever shown. */
  readonly client: QueryClient;
}

/** Whether a proxy in front of the console says who it is; a problem: it does, and they may not enter. */
export type ProxyWord = "asked" | "vouches" | "none" | Problem;

// Without a proxy, with one that says nothing, or without a network there is nothing to speak of: a key will do.
function vouchedInVain(error: unknown): Problem | null {
  const problem = asProblem(error);
  const nothing = problem.code === "credential_missing" || problem.kind === "offline" || problem.message === PROXY_ASKS;
  return nothing ? null : problem;
}

export function App() {
  const [signedIn, setSignedIn] = useState<SignedIn | null>(null);
  const [ended, setEnded] = useState<Problem | null>(null);

  // Which sign-in is the one that counts: an answer that comes late, to the key before it, ends nothing.
  const latest = useRef("");

  const enter = useCallback(async (token: string | null) => {
    const session = await signIn(token, (problem) => latest.current === session.selfId && setEnded(problem));
    latest.current = session.selfId;
    setSignedIn((before) => {
      const same = before?.session.accountId === session.accountId;
      return { session, client: same ? before.client : newClient() };
    });
    setEnded(null);
  }, []);

  const [proxy, setProxy] = useState<ProxyWord>("asked");
  useEffect(() => {
    enter(null).then(
      () => setProxy("vouches"),
      (error) => setProxy(vouchedInVain(error) ?? "none"),
    );
  }, [enter]);

  useEffect(() => {
    // What failed for want of a good key is asked again with the new one.
    void signedIn?.client.refetchQueries({ predicate: (query) => query.state.status === "error" });
  }, [signedIn]);

  function leave() {
    signedIn?.client.clear();
    setSignedIn(null);
    setEnded(null);
  }

  if (signedIn === null && proxy === "asked")
    return (
      <p role="status" className="p-6">
        Signing in …
      </p>
    );
  if (signedIn === null) return <SignInPage proxy={proxy} onEnter={enter} />;
  const { session, client } = signedIn;
  return (
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={client}>
        <SessionProvider value={session}>
          <Shell key={session.accountId} onLeave={leave} />
          {ended && <SignInAgain reason={ended} byProxy={session.byProxy} onEnter={enter} onLeave={leave} />}
        </SessionProvider>
      </QueryClientProvider>
    </CSPProvider>
  );
}
