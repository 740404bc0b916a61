// The documentation of all operations that Gatehouse serves itself.
import type { GatehouseOperationId } from "../../src/core/routing/gatehouse-operations.ts";
import type { OperationDoc } from "./operation-doc.ts";
import { ALLOW_LIST_OPERATIONS } from "./operations/allow-lists.ts";
import { API_KEY_OPERATIONS } from "./operations/api-keys.ts";
import { AUDIT_OPERATIONS } from "./operations/audit.ts";
import { DRY_RUN_OPERATIONS } from "./operations/dry-runs.ts";
import { ENDPOINT_OPERATIONS } from "./operations/endpoints.ts";
import { OPERATOR_OPERATIONS } from "./operations/operators.ts";
import { POLICY_OPERATIONS } from "./operations/policy.ts";
import { ROLE_OPERATIONS } from "./operations/roles.ts";

// Exhaustive by type: an operation that Gatehouse handles does not compile without its documentation.
export const OPERATION_DOCS: Readonly<Record<GatehouseOperationId, OperationDoc>> = {
  ...API_KEY_OPERATIONS,
  ...DRY_RUN_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...ALLOW_LIST_OPERATIONS,
  ...OPERATOR_OPERATIONS,
  ...ENDPOINT_OPERATIONS,
  ...POLICY_OPERATIONS,
  ...ROLE_OPERATIONS,
};
