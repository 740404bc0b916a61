// The words for people of every resource: from the tags and summaries of the document, cut to one short line.
import type { ApiOperation, ResourceWords } from "../../src/core/routing/api-description.ts";
import { isPlural, resourceName, singular } from "./names.ts";
import type { ReadOperation } from "./read-operations.ts";

type Described = ApiOperation & Pick<ReadOperation, "tags" | "summary">;

const LONGEST = 72;

/** What an action is called where one permission covers several operations. */
const SENTENCES: Readonly<Record<string, string>> = {
  ...{ READ: "List and read", CREATE: "Create", UPDATE: "Change", DELETE: "Delete" },
};

/** The words of all resources that permissions name, sorted. */
export function wordsFor(operations: readonly Described[]): Readonly<Record<string, ResourceWords>> {
  const named = operations.filter(({ permission }) => permission !== null);
  const byResource = Map.groupBy(named, ({ permission }) => String(permission).split(":")[0] ?? "");
  const ownTags = tagsOfOne(byResource);
  const entries = [...byResource].map(
    ([resource, rows]) => [resource, resourceWords(resource, rows, ownTags)] as const,
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The tags that all operations of one resource have, and no other operation, each with the resource. */
function tagsOfOne(byResource: ReadonlyMap<string, readonly Described[]>): ReadonlyMap<string, string> {
  const resources = new Map<string, string[]>();
  for (const [resource, rows] of byResource)
    for (const tag of new Set(rows.flatMap(({ tags }) => tags)))
      resources.set(tag, [...(resources.get(tag) ?? []), resource]);
  return new Map(
    [...resources].flatMap(([tag, [only = "", ...others]]) => (others.length > 0 ? [] : [[tag, only] as const])),
  );
}

function resourceWords(
  resource: string,
  rows: readonly Described[],
  ownTags: ReadonlyMap<string, string>,
): ResourceWords {
  const title = titleOf(resource, rows, ownTags);
  const byAction = Map.groupBy(rows, ({ permission }) => String(permission).split(":")[1] ?? "");
  const actions = [...byAction].map(([action, same]) => [action, sentence(action, title, same)] as const);
  return {
    title,
    actions: Object.fromEntries(actions.sort(([a], [b]) => orderOf(a) - orderOf(b) || (a < b ? -1 : 1))),
  };
}

function titleOf(resource: string, rows: readonly Described[], ownTags: ReadonlyMap<string, string>): string {
  const tags = rows.flatMap((row) => row.tags);
  const tag =
    tags.find((name) => resourceName(name) === resource) ?? tags.find((name) => ownTags.get(name) === resource);
  const words = resource.toLowerCase().split("_");
  const written = [...words.slice(0, -1), plural(words.at(-1) ?? "")].map(withCapitals).join(" ");
  return tag ?? capital(written);
}

function sentence(action: string, title: string, rows: readonly Described[]): string {
  const [only, ...others] = rows;
  const summary = only === undefined || others.length > 0 ? "" : shortLine(only.summary);
  if (summary !== "") return summary;
  const things = /^[A-Z][a-z]/.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title;
  return `${SENTENCES[action] ?? capital(action.toLowerCase().replaceAll("_", " "))} ${things}`;
}

/** The first line of a summary or a description, its first sentence if that is short enough. */
function shortLine(text: string): string {
  const line =
    text
      .trim()
      .split("\n")[0]
      ?.replace(/[`*_#]+/g, "")
      .replace(/\s+/g, " ")
      .trim() ?? "";
  const first = (line.split(/\.(?:\s|$)/)[0] ?? line).trim();
  return first.length > LONGEST ? "" : first;
}

function plural(word: string): string {
  if (isPlural(word) || /\d$/.test(word) || UNCOUNTED.has(word)) return word;
  const candidates = /(?:s|x|z|ch|sh)$/.test(word) ? [`${word}es`] : [`${word.replace(/([^aeiou])y$/, "$1ie")}s`];
  return candidates.find((candidate) => singular(candidate) === word) ?? word;
}

/** Abbreviations are written in capitals, in the plural with a small s: VPCs. */
function withCapitals(word: string): string {
  return ABBREVIATIONS.has(singular(word)) ? word.replace(singular(word), (letters) => letters.toUpperCase()) : word;
}

const UNCOUNTED = new Set(
  "health history metadata usage status info data access search maintenance traffic storage".split(" "),
);

const ABBREVIATIONS = new Set(
  "acl api bgp ca cdn cpu csi csv db dns gc gpu http https iam id ip ipv4 ipv6 json kms lb ldap mfa nat nfs oauth pdf rbac saml"
    .concat(" sdk sla sql ssh ssl sso tcp tls udp ui url vm vpc vpn yaml")
    .split(" "),
);

const ORDER = ["READ", "CREATE", "UPDATE", "DELETE"];
const orderOf = (action: string) => (ORDER.includes(action) ? ORDER.indexOf(action) : ORDER.length);
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
