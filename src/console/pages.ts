// The pages of the console, in the order of the navigation. A new page is named here: the compiler then requires its
// component in shell.tsx, and test/browser/serving.test.ts its path in the gateway.

export interface PageDefinition {
  /** In the navigation and in the title of the window. */
  readonly title: string;
  /** Users without it do not see the page in the navigation. */
  readonly permission?: string;
  /** A list of the account that the server must offer, as a path below the account's. */
  readonly list?: string;
}

/** By path below /console/. */
export const PAGES = {
  keys: { title: "API keys" },
  "allow-lists": { title: "IP allow lists" },
  roles: { title: "Roles" },
  operators: { title: "Operators", permission: "ACCOUNT_USER:READ", list: "operators" },
  policy: { title: "Policy", permission: "API_KEY:READ" },
  approvals: { title: "Approvals", permission: "API_KEY:READ" },
  endpoints: { title: "Endpoints", permission: "AUDIT_EVENT:READ", list: "endpoints" },
  activity: { title: "Activity", permission: "AUDIT_EVENT:READ", list: "audit/events" },
  explain: { title: "Denied requests", permission: "API_KEY:READ" },
} as const satisfies Readonly<Record<string, PageDefinition>>;

export type Page = keyof typeof PAGES;

export const HOME_PAGE: Page = "keys";

export function isPage(name: string): name is Page {
  return Object.hasOwn(PAGES, name);
}
