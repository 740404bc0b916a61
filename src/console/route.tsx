// Where in the console one is: read from the address alone, so that every page and every sheet has a link of its own.
import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from "react";

const HOME = "/console/";
export const PAGES = ["keys", "allow-lists", "roles", "operators", "activity", "explain"] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  readonly page: Page;
  /** The thing whose sheet is open. */
  readonly id: string | null;
}

export function pathOf(page: Page, id: string | null = null): string {
  return HOME + page + (id === null ? "" : `/${encodeURIComponent(id)}`);
}

export function routeOf(path: string): Route {
  const [page = "", id = ""] = path.startsWith(HOME) ? path.slice(HOME.length).split("/") : [];
  const known = PAGES.find((each) => each === page) ?? "keys";
  return { page: known, id: known === page && id !== "" ? id : null };
}

export function goTo(page: Page, id: string | null = null): void {
  if (location.pathname === pathOf(page, id)) return;
  history.pushState(null, "", pathOf(page, id));
  dispatchEvent(new PopStateEvent("popstate"));
}

export function useRoute(): Route {
  const path = useSyncExternalStore(
    (changed) => {
      addEventListener("popstate", changed);
      return () => removeEventListener("popstate", changed);
    },
    () => location.pathname,
  );
  return routeOf(path);
}

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly page: Page;
  readonly id?: string | undefined;
}

/** A link within the console; opened in a new tab or window as any other. */
export function PageLink({ page, id, ...rest }: LinkProps) {
  function follow(event: MouseEvent) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    goTo(page, id ?? null);
  }
  return <a {...rest} href={pathOf(page, id ?? null)} onClick={follow} />;
}
