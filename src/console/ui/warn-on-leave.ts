// Asks before the tab is closed while the page shows something that cannot be shown again.
import { useEffect } from "react";

export function useWarnOnLeave(needed: boolean): void {
  useEffect(() => {
    if (!needed) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [needed]);
}
