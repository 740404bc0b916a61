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
    running.current = true;
    setBusy(true);
    setProblem(null);
    work(...args)
      .catch((error) => setProblem(asProblem(error)))
      .finally(() => {
        running.current = false;
        setBusy(false);
      });
  };
  const clear = useCallback(() => setProblem(null), []);
  return { run, busy, problem, clear };
}
