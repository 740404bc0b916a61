// Asks for an API key. The key is kept in memory only, and the form clears it as soon as it is accepted. A user whom an
// access proxy identifies needs no key.
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { type FormEvent, useState } from "react";
import { useAction } from "./action.ts";
import { API_TITLE } from "./api.ts";
import { Problem } from "./problem.ts";
import { withError } from "./ui/field-error.tsx";
import { LogoIcon } from "./ui/icons.tsx";
import { ProblemNotice } from "./ui/notices.tsx";
import { Buttons, Overlay } from "./ui/overlay.tsx";

/** What the access proxy provided; a problem: an identity that Gatehouse denied. */
export type ProxyIdentity = "identified" | "none" | Problem;

/** @param token an API key; `null`: the access proxy provides the credential */
type SignIn = (token: string | null) => Promise<void>;

interface PageProps {
  readonly proxy: ProxyIdentity;
  readonly onSignIn: SignIn;
}

export function SignInPage({ proxy, onSignIn }: PageProps) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-md flex-col justify-center gap-6 px-5 py-10">
      <title>Sign in · Gatehouse</title>
      <div className="flex items-center gap-3">
        <LogoIcon />
        <h1 className="text-2xl font-semibold">Sign in to Gatehouse</h1>
      </div>
      <p>Gatehouse manages the API keys of {API_TITLE}.</p>
      {proxy instanceof Problem && (
        <ProblemNotice problem={proxy}>
          <span>The access proxy identified you. You can still sign in with an API key.</span>
        </ProblemNotice>
      )}
      {proxy === "identified" && <ProxySignIn onSignIn={onSignIn} label="Sign in through the proxy" />}
      <div className="rounded-xl border border-kumo-line bg-kumo-base p-6">
        <KeyForm onSignIn={onSignIn} />
      </div>
      <p className="text-sm text-kumo-subtle">
        The key is kept in this page’s memory only. It is not stored, and reloading the page signs you out.
      </p>
    </main>
  );
}

interface ProxySignInProps {
  readonly onSignIn: SignIn;
  readonly label: string;
  readonly onSignOut?: () => void;
}

function ProxySignIn({ onSignIn, label, onSignOut }: ProxySignInProps) {
  const { run, busy, problem } = useAction(() => onSignIn(null));
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <Buttons>
        {onSignOut && <Button onClick={onSignOut}>Sign out</Button>}
        <Button variant="primary" loading={busy} onClick={() => run()}>
          {label}
        </Button>
      </Buttons>
    </>
  );
}

interface AgainProps {
  readonly reason: Problem;
  readonly byProxy: boolean;
  readonly onSignIn: SignIn;
  readonly onSignOut: () => void;
}

/** The dialog over a page whose session has ended. */
export function SignInAgain({ reason, byProxy, onSignIn, onSignOut }: AgainProps) {
  if (byProxy) {
    return (
      <Overlay title="Your session has ended">
        <p>
          The access proxy no longer identifies you.{" "}
          <a href="/console/" target="_blank" rel="noopener" className="text-kumo-link underline">
            Sign in in another tab
          </a>
          , then continue here. Your input is kept.
        </p>
        <ProxySignIn onSignIn={onSignIn} onSignOut={onSignOut} label="Continue" />
      </Overlay>
    );
  }
  const why = reason.message === "JWT has expired" ? "Your API key has expired." : NOT_ACCEPTED;
  return (
    <Overlay title="Your session has ended">
      <p>{why} Sign in again to continue. Your input is kept.</p>
      <KeyForm onSignIn={onSignIn} onSignOut={onSignOut} />
    </Overlay>
  );
}

const NOT_ACCEPTED = "Your API key is no longer accepted. It may have been revoked.";

function KeyForm({ onSignIn, onSignOut }: { readonly onSignIn: SignIn; readonly onSignOut?: () => void }) {
  const [token, setToken] = useState("");
  const [empty, setEmpty] = useState(false);
  const { run, busy, problem } = useAction(async () => {
    await onSignIn(token.trim());
    setToken("");
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    setEmpty(token.trim() === "");
    if (token.trim() !== "") run();
  }

  const error = problem && keyError(problem);
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      {problem && !error && <ProblemNotice problem={problem} />}
      <Input
        label="API key"
        type="password"
        autoComplete="off"
        spellCheck={false}
        className="w-full font-mono"
        value={token}
        onChange={(event) => setToken(event.target.value)}
        description="Use a key whose role can manage API keys. With a read-only role, the console is read-only."
        {...withError(empty ? "Paste an API key." : (error ?? undefined))}
      />
      <Buttons>
        {onSignOut && <Button onClick={onSignOut}>Sign out</Button>}
        <Button type="submit" variant="primary" loading={busy}>
          Sign in
        </Button>
      </Buttons>
    </form>
  );
}

/** The message at the field; `null` for a problem that the key did not cause. */
function keyError(problem: Problem): string | null {
  if (problem.kind === "invalid") return problem.message;
  return problem.kind === "signed_out" ? (KEY_ERRORS[problem.message] ?? null) : null;
}

const KEY_ERRORS: Readonly<Record<string, string>> = {
  "Invalid JWT": "This key is not valid. It may be revoked or incomplete.",
  "JWT has expired": "This key has expired.",
};
