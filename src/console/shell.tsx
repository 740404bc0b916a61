// The frame around every page: where one is, who is signed in, light or dark.
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import { useHasActivity, useIsOffered } from "./activity/activity-data.ts";
import { ActivityPage } from "./activity/activity-page.tsx";
import { ExplainPage } from "./explain/explain-page.tsx";
import { CreateKey } from "./keys/create-key.tsx";
import { KeysPage } from "./keys/keys-page.tsx";
import { AllowListsPage } from "./lists/allow-lists-page.tsx";
import { OperatorsPage } from "./operators/operators-page.tsx";
import { RolesPage } from "./roles/roles-page.tsx";
import { type Page, PageLink, useRoute } from "./route.tsx";
import { useSession } from "./session.ts";
import { chooseTheme, useTheme } from "./theme.ts";
import { GateIcon, MoonIcon, SunIcon } from "./ui/icons.tsx";

const NAMES: Readonly<Record<Page, string>> = {
  keys: "API keys",
  "allow-lists": "IP allow lists",
  roles: "Roles",
  operators: "Operators",
  activity: "Activity",
  explain: "Why refused?",
};

export function Shell({ onLeave }: { readonly onLeave: () => void }) {
  const { page, id } = useRoute();
  const [creating, setCreating] = useState(false);
  return (
    <div className="flex min-h-dvh flex-col">
      <title>{`${NAMES[page]} · Gatehouse`}</title>
      <a href="#content" className="sr-only focus:not-sr-only focus:absolute focus:z-10 focus:bg-kumo-base focus:p-3">
        Skip to the content
      </a>
      <TopBar page={page} onLeave={onLeave} />
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-[110rem] flex-1 px-4 py-6 sm:px-8 sm:py-8">
        {page === "keys" && <KeysPage openId={id} onCreate={() => setCreating(true)} />}
        {page === "allow-lists" && <AllowListsPage openId={id} />}
        {page === "roles" && <RolesPage openId={id} />}
        {page === "operators" && <OperatorsPage openId={id} />}
        {page === "activity" && <ActivityPage />}
        {page === "explain" && <ExplainPage key={id} id={id} />}
      </main>
      {/* Here, so that going to another page does not take a key away that is shown for the only time. */}
      {creating && <CreateKey onClose={() => setCreating(false)} />}
    </div>
  );
}

function TopBar({ page, onLeave }: { readonly page: Page; readonly onLeave: () => void }) {
  const session = useSession();
  const offered: Partial<Record<Page, boolean>> = {
    operators: useIsOffered("operators", "ACCOUNT_USER:READ"),
    activity: useHasActivity(),
    explain: session.may("API_KEY:READ"),
  };
  const pages = (Object.keys(NAMES) as Page[]).filter((each) => offered[each] ?? true);
  return (
    <header className="border-b border-kumo-line bg-kumo-base">
      <div className="mx-auto flex w-full max-w-[110rem] flex-wrap items-center gap-x-6 gap-y-1 px-4 pt-3 sm:px-8 md:pt-0">
        <span className="flex items-center gap-2.5 text-lg font-semibold">
          <GateIcon />
          Gatehouse
        </span>
        <nav aria-label="Pages" className="order-last -mx-1 w-full overflow-x-auto md:order-none md:w-auto">
          <ul className="flex gap-1">
            {pages.map((each) => (
              <li key={each}>
                <PageLink
                  page={each}
                  aria-current={each === page ? "page" : undefined}
                  className="block border-b-2 border-transparent px-3 py-3 whitespace-nowrap text-kumo-strong hover:text-kumo-default aria-[current=page]:border-kumo-brand aria-[current=page]:font-medium aria-[current=page]:text-kumo-default md:py-4"
                >
                  {NAMES[each]}
                </PageLink>
              </li>
            ))}
          </ul>
        </nav>
        <div className="ml-auto flex min-w-0 items-center gap-2">
          <span className="hidden min-w-0 truncate text-sm text-kumo-subtle lg:inline">
            Signed in {session.byProxy ? "as" : "with"}{" "}
            <span className="font-medium text-kumo-default">{session.name}</span> ({session.roleName})
          </span>
          <ThemeButton />
          <Button size="sm" onClick={onLeave}>
            Sign out
          </Button>
        </div>
      </div>
    </header>
  );
}

function ThemeButton() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <Button
      variant="ghost"
      size="sm"
      shape="square"
      aria-label={`Switch to the ${other} theme`}
      icon={theme === "dark" ? <SunIcon /> : <MoonIcon />}
      onClick={() => chooseTheme(other)}
    />
  );
}
