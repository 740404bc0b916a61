// The documentation of the operations on IP allow lists.
import { AllowListQuery, ReplaceQuery } from "../../../src/admin/allow-lists/schema.ts";
import { body, list, one, tagged, whole } from "../operation-doc.ts";

const LIST_EXAMPLE = { name: "office", description: "", allow_list: ["192.0.2.0/24", "2001:db8::/32"] };

export const ALLOW_LIST_OPERATIONS = tagged("IP allow lists", {
  listNetworkAllowLists: {
    summary: "List IP allow lists",
    description: "Oldest first; or by name with `order_by=name`.",
    query: AllowListQuery,
    response: list("AllowListData", "A page of lists."),
  },
  createNetworkAllowList: {
    summary: "Create an IP allow list",
    description:
      "A rule is an IPv4 or IPv6 address, or a CIDR range without host bits. The response has it in canonical form.",
    body: body("AllowListSpec", LIST_EXAMPLE),
    response: whole("CreatedAllowList", "The list, with warnings of rules that are probably a mistake."),
    errors: [409],
  },
  getNetworkAllowList: { summary: "Show an IP allow list", response: one("AllowListData", "The list.") },
  updateNetworkAllowList: {
    summary: "Replace the name, description and rules of an IP allow list",
    description:
      "The requesting key must have the access of every active key with the list, before and after. With `dry_run=true` nothing changes. At most 1,000 active keys.",
    query: ReplaceQuery,
    body: body("AllowListSpec", LIST_EXAMPLE),
    response: whole("ReplacedAllowList", "The list, the keys that it newly denies, and how soon."),
    errors: [409],
  },
  replaceNetworkAllowList: {
    summary: "Replace an IP allow list by another one on all of its keys",
    description:
      "Dry runs keep the list. The requesting key must have the access of every key, before and after. With `dry_run=true` nothing changes. At most 1,000 active keys.",
    query: ReplaceQuery,
    body: body("AllowListReplacement", { allow_list_id: "1eaf5552-e2f3-4a28-b215-106667c05178" }),
    response: whole("ReplacedAllowList", "The other list, the keys that it newly denies, and how soon."),
    errors: [409],
  },
  deleteNetworkAllowList: {
    summary: "Delete an IP allow list",
    description: "A list that an active key or its dry run uses cannot be deleted.",
    response: null,
    errors: [409],
  },
});
