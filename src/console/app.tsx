// The whole console: signed in or not. When the key dies in the middle of things, the page stays as it is under a dialog
// that asks for another one, so that nothing typed is lost.
import { CSPProvider } from "@cloudflare/kumo/primitives/csp-provider";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { Problem } from "./problem.ts";
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

export function App() {
  const [signedIn, setSignedIn] = useState<SignedIn | null>(null);
  const [ended, setEnded] = useState<Problem | null>(null);

  // Which sign-in is the one that counts: an answer that comes late, to the key before it, ends nothing.
  const latest = useRef("");

  const enter = useCallback(async (token: string) => {
    const session = await signIn(token, (problem) => latest.current === session.keyId && setEnded(problem));
    latest.current = session.keyId;
    setSignedIn((before) => {
      const same = before?.session.accountId === session.accountId;
      return { session, client: same ? before.client : newClient() };
    });
    setEnded(null);
  }, []);

  useEffect(() => {
    // What failed for want of a good key is asked again with the new one.
    void signedIn?.client.refetchQueries({ predicate: (query) => query.state.status === "error" });
  }, [signedIn]);

  function leave() {
    signedIn?.client.clear();
    setSignedIn(null);
    setEnded(null);
  }

  if (signedIn === null) return <SignInPage onEnter={enter} />;
  const { session, client } = signedIn;
  return (
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={client}>
        <SessionProvider value={session}>
          <Shell key={session.accountId} onLeave={leave} />
          {ended && <SignInAgain reason={ended} onEnter={enter} onLeave={leave} />}
        </SessionProvider>
      </QueryClientProvider>
    </CSPProvider>
  );
}
