// The current page and the open resource, read from the address alone, so that every page and every sheet has a link.
import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from "react";
import { HOME_PAGE, isPage, type Page } from "./pages.ts";

const BASE = "/console/";

/** Parts of the list of keys that the server selects, by the names of its filters. */
export const KEY_SUBSETS = ["noncompliant", "archived"] as const;
export type KeySubset = (typeof KEY_SUBSETS)[number];

export interface Route {
  readonly page: Page;
  /** Of the resource whose sheet is open. */
  readonly id: string | null;
  /** The part of the keys that the list shows; `null`: all that are not archived. */
  readonly subset: KeySubset | null;
}

export function pathOf(page: Page, id: string | null = null, subset: KeySubset | null = null): string {
  const query = subset === null ? "" : `?${subset}=true`;
  return BASE + page + (id === null ? "" : `/${encodeURIComponent(id)}`) + query;
}

/** @param address a path, with or without a query */
export function routeOf(address: string): Route {
  const [path = "", query = ""] = address.split("?");
  const [name = "", id = ""] = path.startsWith(BASE) ? path.slice(BASE.length).split("/") : [];
  const subset = KEY_SUBSETS.find((each) => new URLSearchParams(query).get(each) === "true") ?? null;
  return isPage(name) ? { page: name, id: id === "" ? null : id, subset } : { page: HOME_PAGE, id: null, subset };
}

const address = () => location.pathname + location.search;

export function goTo(page: Page, id: string | null = null, subset: KeySubset | null = null): void {
  if (address() === pathOf(page, id, subset)) return;
  history.pushState(null, "", pathOf(page, id, subset));
  dispatchEvent(new PopStateEvent("popstate"));
}

export function useRoute(): Route {
  const current = useSyncExternalStore((listener) => {
    addEventListener("popstate", listener);
    return () => removeEventListener("popstate", listener);
  }, address);
  return routeOf(current);
}

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly page: Page;
  readonly id?: string | undefined;
  readonly subset?: KeySubset | null;
}

/** A link within the console. Opening it in a new tab or window works as with any link. */
export function PageLink({ page, id, subset = null, ...rest }: LinkProps) {
  function navigate(event: MouseEvent) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    goTo(page, id ?? null, subset);
  }
  return <a {...rest} href={pathOf(page, id ?? null, subset)} onClick={navigate} />;
}
