// A button that copies a text and announces the result.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import { CheckIcon, CopyIcon } from "./icons.tsx";

interface CopyButtonProps {
  /** Called at the click, so that the button holds no secret. */
  readonly text: () => string;
  readonly what: string;
  /** Without it the button shows an icon only. */
  readonly label?: string;
}

const SHOWN_MS = 2_500;

export function CopyButton({ text, what, label }: CopyButtonProps) {
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
  const announced = {
    "": "",
    copied: `Copied ${what}.`,
    failed: "The browser denied clipboard access. Select the text and copy it manually.",
  };
  return (
    <>
      {label === undefined ? (
        <Button size="sm" variant="ghost" shape="square" aria-label={`Copy ${what}`} icon={icon} onClick={copy} />
      ) : (
        <Button icon={icon} onClick={copy}>
          {state === "copied" ? "Copied" : label}
        </Button>
      )}
      <span role="status" className={state === "failed" ? "text-sm text-kumo-danger" : "sr-only"}>
        {announced[state]}
      </span>
    </>
  );
}
