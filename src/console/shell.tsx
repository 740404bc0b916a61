// The frame around every page: navigation, the signed-in user, the theme.
import { Badge } from "@cloudflare/kumo/components/badge";
import { Button } from "@cloudflare/kumo/components/button";
import { type ReactNode, useState } from "react";
import { AccountSwitcher } from "./accounts.tsx";
import { ActivityPage } from "./activity/activity-page.tsx";
import { usePendingApprovals } from "./approvals/approvals-data.ts";
import { ApprovalsPage } from "./approvals/approvals-page.tsx";
import { EndpointsPage } from "./endpoints/endpoints-page.tsx";
import { ExplainPage } from "./explain/explain-page.tsx";
import { CreateKey } from "./keys/create-key.tsx";
import { KeysPage } from "./keys/keys-page.tsx";
import { AllowListsPage } from "./lists/allow-lists-page.tsx";
import { OperatorsPage } from "./operators/operators-page.tsx";
import { useIsAvailable } from "./page-availability.ts";
import { PAGES, type Page } from "./pages.ts";
import { PolicyPage } from "./policy/policy-page.tsx";
import { RolesPage } from "./roles/roles-page.tsx";
import { PageLink, useRoute } from "./route.tsx";
import { useSession } from "./session.ts";
import { chooseTheme, useTheme } from "./theme.ts";
import { LogoIcon, MoonIcon, SunIcon } from "./ui/icons.tsx";
import { formatNumber } from "./ui/numbers.ts";

interface ViewProps {
  /** Of the resource in the address. */
  readonly openId: string | null;
  readonly onCreateKey: () => void;
}

const VIEWS: Readonly<Record<Page, (props: ViewProps) => ReactNode>> = {
  keys: KeysPage,
  "allow-lists": AllowListsPage,
  roles: RolesPage,
  operators: OperatorsPage,
  policy: PolicyPage,
  approvals: ApprovalsPage,
  endpoints: EndpointsPage,
  activity: ActivityPage,
  explain: ExplainPage,
};

interface ShellProps {
  readonly onSwitchAccount: (accountId: string) => Promise<void>;
  readonly onSignOut: () => void;
}

export function Shell({ onSwitchAccount, onSignOut }: ShellProps) {
  const { page, id } = useRoute();
  const [creating, setCreating] = useState(false);
  const View = VIEWS[page];
  return (
    <div className="flex min-h-dvh flex-col">
      <title>{`${PAGES[page].title} · Gatehouse`}</title>
      <a href="#content" className="sr-only focus:not-sr-only focus:absolute focus:z-10 focus:bg-kumo-base focus:p-3">
        Skip to content
      </a>
      <TopBar page={page} onSwitchAccount={onSwitchAccount} onSignOut={onSignOut} />
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-[110rem] flex-1 px-4 py-6 sm:px-8 sm:py-8">
        <View openId={id} onCreateKey={() => setCreating(true)} />
      </main>
      {/* Outside the page: a navigation must not discard a new key, which is shown only once. */}
      {creating && <CreateKey onClose={() => setCreating(false)} />}
    </div>
  );
}

function TopBar({ page, onSwitchAccount, onSignOut }: ShellProps & { readonly page: Page }) {
  const session = useSession();
  return (
    <header className="border-b border-kumo-line bg-kumo-base">
      <div className="mx-auto flex w-full max-w-[110rem] flex-wrap items-center gap-x-6 gap-y-1 px-4 pt-3 sm:px-8 md:pt-0">
        <span className="flex items-center gap-2.5 text-lg font-semibold">
          <LogoIcon />
          Gatehouse
        </span>
        <nav aria-label="Pages" className="order-last -mx-1 w-full overflow-x-auto md:order-none md:w-auto">
          <ul className="flex gap-1">
            {(Object.keys(PAGES) as Page[]).map((each) => (
              <NavigationItem key={each} page={each} current={each === page} />
            ))}
          </ul>
        </nav>
        <div className="ml-auto flex min-w-0 items-center gap-2">
          <span className="hidden min-w-0 truncate text-sm text-kumo-subtle lg:inline">
            Signed in {session.byProxy ? "as" : "with"}{" "}
            <span className="font-medium text-kumo-default">{session.name}</span> ({session.roleName})
          </span>
          {session.accounts.length > 1 && <AccountSwitcher {...session} onChoose={onSwitchAccount} />}
          <ThemeButton />
          <Button size="sm" onClick={onSignOut}>
            Sign out
          </Button>
        </div>
      </div>
    </header>
  );
}

function NavigationItem({ page, current }: { readonly page: Page; readonly current: boolean }) {
  const available = useIsAvailable(page);
  if (!available) return null;
  return (
    <li>
      <PageLink
        page={page}
        aria-current={current ? "page" : undefined}
        className="block border-b-2 border-transparent px-3 py-3 whitespace-nowrap text-kumo-strong hover:text-kumo-default aria-[current=page]:border-kumo-brand aria-[current=page]:font-medium aria-[current=page]:text-kumo-default md:py-4"
      >
        {PAGES[page].title}
        {page === "approvals" && <PendingCount />}
      </PageLink>
    </li>
  );
}

/** How many changes wait for a second person. */
function PendingCount() {
  const { data = [] } = usePendingApprovals();
  if (data.length === 0) return null;
  return (
    <Badge variant="warning" className="ml-1.5">
      {formatNumber(data.length)}
      <span className="sr-only"> waiting</span>
    </Badge>
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
