// The documentation of the operations on operators.
import { OperatorListQuery } from "../../../src/admin/operators/schema.ts";
import { ForceQuery } from "../../../src/admin/schema.ts";
import { body, list, one, tagged, whole } from "../operation-doc.ts";

const OPERATOR_EXAMPLE = {
  name: "Ada",
  email: "ada@example.com",
  role_id: "36ec6789-6dbf-4d12-91b4-243587d6882b",
  expire_after_hours: 0,
};

export const OPERATOR_OPERATIONS = tagged("Operators", {
  listOperators: {
    summary: "List operators",
    query: OperatorListQuery,
    response: list("OperatorData", "A page of operators, oldest first."),
  },
  createOperator: {
    summary: "Add an operator",
    description:
      "A person who is recognized by an e-mail address that the issuer has verified, or by a subject; both are compared exactly. An operator gets no more permissions than the requesting key or operator has, and does not outlive it.",
    body: body("OperatorSpec", OPERATOR_EXAMPLE),
    response: whole("CreatedOperator", "The operator, with a warning when no configured issuer vouches for them."),
    errors: [409],
  },
  getOperator: { summary: "Show an operator", response: one("OperatorData", "The operator.") },
  updateOperator: {
    summary: "Change an operator",
    description:
      "Changes name, role and expiry; the identity stays. The last operator who can manage keys only loses that permission with `force`.",
    query: ForceQuery,
    body: body("OperatorChange"),
    response: one("OperatorData", "The operator."),
    errors: [409],
  },
  deleteOperator: {
    summary: "Remove an operator",
    description:
      "Takes effect with the operator's next request. The last operator who can manage keys is only removed with `force`.",
    query: ForceQuery,
    response: null,
    errors: [409],
  },
});
