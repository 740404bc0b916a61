// The current page and the open resource, read from the address alone, so that every page and every sheet has a link.
import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from "react";
import { HOME_PAGE, isPage, type Page } from "./pages.ts";

const BASE = "/console/";

export interface Route {
  readonly page: Page;
  /** Of the resource whose sheet is open. */
  readonly id: string | null;
}

export function pathOf(page: Page, id: string | null = null): string {
  return BASE + page + (id === null ? "" : `/${encodeURIComponent(id)}`);
}

export function routeOf(path: string): Route {
  const [name = "", id = ""] = path.startsWith(BASE) ? path.slice(BASE.length).split("/") : [];
  return isPage(name) ? { page: name, id: id === "" ? null : id } : { page: HOME_PAGE, id: null };
}

export function goTo(page: Page, id: string | null = null): void {
  if (location.pathname === pathOf(page, id)) return;
  history.pushState(null, "", pathOf(page, id));
  dispatchEvent(new PopStateEvent("popstate"));
}

export function useRoute(): Route {
  const path = useSyncExternalStore(
    (listener) => {
      addEventListener("popstate", listener);
      return () => removeEventListener("popstate", listener);
    },
    () => location.pathname,
  );
  return routeOf(path);
}

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly page: Page;
  readonly id?: string | undefined;
}

/** A link within the console. Opening it in a new tab or window works as with any link. */
export function PageLink({ page, id, ...rest }: LinkProps) {
  function navigate(event: MouseEvent) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    goTo(page, id ?? null);
  }
  return <a {...rest} href={pathOf(page, id ?? null)} onClick={navigate} />;
}
