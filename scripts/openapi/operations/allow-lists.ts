// The documentation of the operations on IP allow lists.
import { AllowListQuery } from "../../../src/admin/allow-lists/schema.ts";
import { CHANGE_ERRORS, type OperationDocs } from "../operation-doc.ts";

const LIST_EXAMPLE = { name: "office", description: "", allow_list: ["192.0.2.0/24", "2001:db8::/32"] };

export const ALLOW_LIST_OPERATIONS = {
  listNetworkAllowLists: {
    tag: "IP allow lists",
    summary: "List IP allow lists",
    query: AllowListQuery,
    response: { schema: "AllowListData", as: "list", description: "A page of lists." },
    errors: [400, 404],
  },
  createNetworkAllowList: {
    tag: "IP allow lists",
    summary: "Create an IP allow list",
    description:
      "A rule is an IPv4 or IPv6 address, or a CIDR range without host bits. The response has it in canonical form.",
    body: { schema: "AllowListSpec", required: true, example: LIST_EXAMPLE },
    response: {
      schema: "CreatedAllowList",
      as: "whole",
      description: "The list, with warnings of rules that are probably a mistake.",
    },
    errors: CHANGE_ERRORS,
  },
  getNetworkAllowList: {
    tag: "IP allow lists",
    summary: "Show an IP allow list",
    response: { schema: "AllowListData", as: "one", description: "The list." },
    errors: [404],
  },
  deleteNetworkAllowList: {
    tag: "IP allow lists",
    summary: "Delete an IP allow list",
    description: "A list that an active key or its dry run uses cannot be deleted.",
    response: null,
    errors: [404, 409],
  },
} satisfies OperationDocs;
