// The fixture of every browser test: one Gatehouse and one browser per file. Fails a test whose page did what a page must
// never do.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { launchBrowser, openConsole, type PageOptions, signIn, type Watched } from "./browser.ts";
import { type ConsoleWorld, startConsoleWorld } from "./console.ts";

export interface ConsoleTest {
  readonly world: () => ConsoleWorld;
  /** Opens a page without signing in. */
  open(path?: string, options?: PageOptions): Promise<Watched>;
  /** Opens a page and signs in with the Admin key. */
  enter(path?: string, options?: PageOptions): Promise<Page>;
}

/**
 * @param prepare runs once before the tests
 * @param vars added to those of wrangler.toml; read when Gatehouse starts
 */
export function consoleTest(
  prepare: (world: ConsoleWorld) => Promise<unknown> = async () => null,
  vars: () => Readonly<Record<string, string>> = () => ({}),
): ConsoleTest {
  let world: ConsoleWorld;
  let browser: Promise<Browser>;
  let open: Watched[] = [];
  beforeAll(async () => {
    browser = launchBrowser();
    // A missing browser fails each test, not the hook.
    browser.catch(() => null);
    world = await startConsoleWorld(vars());
    await prepare(world);
  });
  afterEach(async () => {
    const faults = open.flatMap((watched) => watched.faults);
    await Promise.all(open.map((watched) => watched.close()));
    open = [];
    expect(faults).toEqual([]);
  });
  afterAll(async () => {
    await world?.close();
    await browser?.then((launched) => launched.close()).catch(() => null);
  });
  const test: ConsoleTest = {
    world: () => world,
    async open(path, options) {
      const watched = await openConsole(await browser, world.gatehouse, path, options);
      open.push(watched);
      return watched;
    },
    async enter(path, options) {
      const { page } = await test.open(path, options);
      await signIn(page, world.admin.token);
      return page;
    },
  };
  return test;
}

/** The heading of the page, without those of dialogs. */
export function headingOf(page: Page) {
  return page.getByRole("heading", { level: 1 });
}
