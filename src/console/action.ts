// Runs one change at a time: a second click during a running change does nothing. No result is kept, because it may contain
// a secret.
import { useCallback, useRef, useState } from "react";
import { asProblem, type Problem } from "./problem.ts";

export interface Action<A extends unknown[]> {
  readonly run: (...args: A) => void;
  readonly busy: boolean;
  readonly problem: Problem | null;
  readonly clear: () => void;
}

/** @param work sends the change and handles its success; an error that it throws becomes `problem` */
export function useAction<A extends unknown[]>(work: (...args: A) => Promise<void>): Action<A> {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const running = useRef(false);
  const run = (...args: A) => {
    if (running.current) return;
    setProblem(null);
    send(...args);
  };
  const send = (...args: A) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    work(...args)
      .then(() => setProblem(null))
      .catch((error) => {
        const failed = asProblem(error);
        // The notice stays meanwhile, so that its button keeps the focus.
        failed.again = () => send(...args);
        setProblem(failed);
      })
      .finally(() => {
        running.current = false;
        setBusy(false);
      });
  };
  const clear = useCallback(() => setProblem(null), []);
  return { run, busy, problem, clear };
}
