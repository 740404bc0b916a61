// Light or dark: as the system says, until somebody chooses. The choice is remembered for this page alone: nothing of the
// console is ever written to the browser's storage.
import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

const system = matchMedia("(prefers-color-scheme: dark)");
const watchers = new Set<() => void>();
let chosen: Theme | null = null;

function current(): Theme {
  return chosen ?? (system.matches ? "dark" : "light");
}

export function applyTheme(): void {
  document.documentElement.dataset.mode = current();
  for (const watcher of watchers) watcher();
}

export function chooseTheme(theme: Theme): void {
  chosen = theme;
  applyTheme();
}

system.addEventListener("change", applyTheme);

export function useTheme(): Theme {
  return useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, current);
}
