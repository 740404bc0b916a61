// Copies a text, and says that it did.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import { CheckIcon, CopyIcon } from "./icons.tsx";

interface CopyButtonProps {
  /** Asked for at the click: a secret is not held here. */
  readonly text: () => string;
  readonly what: string;
  /** Words on the button; without them it is an icon. */
  readonly words?: string;
}

const SHOWN_MS = 2_500;

export function CopyButton({ text, what, words }: CopyButtonProps) {
  const [state, setState] = useState<"" | "copied" | "failed">("");
  function copy() {
    const done = (result: "copied" | "failed") => {
      setState(result);
      setTimeout(() => setState(""), SHOWN_MS);
    };
    navigator.clipboard.writeText(text()).then(
      () => done("copied"),
      () => done("failed"),
    );
  }
  const icon = state === "copied" ? <CheckIcon /> : <CopyIcon />;
  const said = { "": "", copied: `Copied ${what}.`, failed: "The browser did not allow it: select and copy by hand." };
  return (
    <>
      {words === undefined ? (
        <Button size="sm" variant="ghost" shape="square" aria-label={`Copy ${what}`} icon={icon} onClick={copy} />
      ) : (
        <Button icon={icon} onClick={copy}>
          {state === "copied" ? "Copied" : words}
        </Button>
      )}
      <span role="status" className={state === "failed" ? "text-sm text-kumo-danger" : "sr-only"}>
        {said[state]}
      </span>
    </>
  );
}
