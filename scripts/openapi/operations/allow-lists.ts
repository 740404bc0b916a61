// The documentation of the operations on IP allow lists.
import { AllowListQuery } from "../../../src/admin/allow-lists/schema.ts";
import { body, list, one, tagged, whole } from "../operation-doc.ts";

const LIST_EXAMPLE = { name: "office", description: "", allow_list: ["192.0.2.0/24", "2001:db8::/32"] };

export const ALLOW_LIST_OPERATIONS = tagged("IP allow lists", {
  listNetworkAllowLists: {
    summary: "List IP allow lists",
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
  deleteNetworkAllowList: {
    summary: "Delete an IP allow list",
    description: "A list that an active key or its dry run uses cannot be deleted.",
    response: null,
    errors: [409],
  },
});
