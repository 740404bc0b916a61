// Asks for an API key. It goes into memory, and out of this form as soon as it is accepted. Whom a proxy vouches for is
// asked for none.
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { type FormEvent, useState } from "react";
import { useAction } from "./action.ts";
import type { ProxyWord } from "./app.tsx";
import { Problem } from "./problem.ts";
import { withError } from "./ui/field-error.tsx";
import { GateIcon } from "./ui/icons.tsx";
import { ProblemNotice } from "./ui/notices.tsx";
import { Buttons, Overlay } from "./ui/overlay.tsx";

type Enter = (token: string | null) => Promise<void>;

interface PageProps {
  readonly proxy: ProxyWord;
  readonly onEnter: Enter;
}

export function SignInPage({ proxy, onEnter }: PageProps) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-md flex-col justify-center gap-6 px-5 py-10">
      <title>Sign in · Gatehouse</title>
      <div className="flex items-center gap-3">
        <GateIcon />
        <h1 className="text-2xl font-semibold">Sign in to Gatehouse</h1>
      </div>
      {proxy instanceof Problem && (
        <ProblemNotice problem={proxy}>
          <span>The proxy in front of this page says who you are. You can still sign in with a key.</span>
        </ProblemNotice>
      )}
      {proxy === "vouches" && <ByProxy onEnter={onEnter} words="Sign in through the proxy" />}
      <div className="rounded-xl border border-kumo-line bg-kumo-base p-6">
        <SignInForm onEnter={onEnter} />
      </div>
      <p className="text-sm text-kumo-subtle">
        The key stays in the memory of this page: it is not stored, and reloading the page signs you out.
      </p>
    </main>
  );
}

interface ByProxyProps {
  readonly onEnter: Enter;
  readonly words: string;
  readonly onLeave?: () => void;
}

function ByProxy({ onEnter, words, onLeave }: ByProxyProps) {
  const { run, busy, problem } = useAction(() => onEnter(null));
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <Buttons>
        {onLeave && <Button onClick={onLeave}>Sign out</Button>}
        <Button variant="primary" loading={busy} onClick={() => run()}>
          {words}
        </Button>
      </Buttons>
    </>
  );
}

interface AgainProps {
  readonly reason: Problem;
  readonly byProxy: boolean;
  readonly onEnter: Enter;
  readonly onLeave: () => void;
}

/** Over a page whose key has died, or whose proxy does not vouch any more. */
export function SignInAgain({ reason, byProxy, onEnter, onLeave }: AgainProps) {
  if (byProxy) {
    return (
      <Overlay title="Your sign-in has ended">
        <p>
          The proxy in front of this page no longer says who you are.{" "}
          <a href="/console/" target="_blank" rel="noopener" className="text-kumo-link underline">
            Sign in in another tab
          </a>
          , then go on here: everything you typed is still there.
        </p>
        <ByProxy onEnter={onEnter} onLeave={onLeave} words="Go on" />
      </Overlay>
    );
  }
  const why = reason.message === "JWT has expired" ? "The API key that you signed in with has expired." : REFUSED;
  return (
    <Overlay title="Your sign-in has ended">
      <p>{why} Sign in again to go on: everything you typed is still there.</p>
      <SignInForm onEnter={onEnter} onLeave={onLeave} />
    </Overlay>
  );
}

const REFUSED = "The API key that you signed in with is no longer accepted; it may have been revoked.";

function SignInForm({ onEnter, onLeave }: { readonly onEnter: Enter; readonly onLeave?: () => void }) {
  const [token, setToken] = useState("");
  const [empty, setEmpty] = useState(false);
  const { run, busy, problem } = useAction(async () => {
    await onEnter(token.trim());
    setToken("");
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    setEmpty(token.trim() === "");
    if (token.trim() !== "") run();
  }

  const refused = problem?.kind === "signed_out" ? REFUSALS[problem.message] : undefined;
  const wrong = problem?.kind === "invalid" ? problem.message : refused;
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      {problem && wrong === undefined && <ProblemNotice problem={problem} />}
      <Input
        label="API key"
        type="password"
        autoComplete="off"
        spellCheck={false}
        className="w-full font-mono"
        value={token}
        onChange={(event) => setToken(event.target.value)}
        description="A key whose role may manage API keys; one that may only look shows everything read-only."
        {...withError(empty ? "Paste an API key." : wrong)}
      />
      <Buttons>
        {onLeave && <Button onClick={onLeave}>Sign out</Button>}
        <Button type="submit" variant="primary" loading={busy}>
          Sign in
        </Button>
      </Buttons>
    </form>
  );
}

const REFUSALS: Readonly<Record<string, string>> = {
  "Invalid JWT": "Gatehouse does not accept this key: it was revoked, or it is not complete.",
  "JWT has expired": "This key has expired.",
};
