// A text that a person copies, such as a secret. One click selects it, and the keyboard reaches and scrolls it.
import { useId } from "react";

export function Secret({ label, text }: { readonly label: string; readonly text: string }) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1.5">
      <span id={id} className="font-medium">
        {label}
      </span>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-labelledby={id}
        className="max-h-36 overflow-y-auto rounded-lg border border-kumo-line bg-kumo-recessed p-3 font-mono text-sm break-all select-all"
      >
        {text}
      </section>
    </div>
  );
}
