// The named schemas of the OpenAPI document.
import type * as z from "zod/mini";
import * as allowLists from "../../src/admin/allow-lists/schema.ts";
import * as apiKeys from "../../src/admin/api-keys/schema.ts";
import * as audit from "../../src/admin/audit/schema.ts";
import * as denials from "../../src/admin/denials/schema.ts";
import * as dryRuns from "../../src/admin/dry-runs/schema.ts";
import * as explain from "../../src/admin/explain/schema.ts";
import * as operators from "../../src/admin/operators/schema.ts";
import * as permissions from "../../src/admin/permissions/schema.ts";
import * as roles from "../../src/admin/roles/schema.ts";
import * as shared from "../../src/admin/schema.ts";
import * as self from "../../src/admin/self/schema.ts";

export const COMPONENTS = {
  Metadata: shared.Metadata,
  ErrorAnswer: shared.ErrorAnswer,
  PermissionData: permissions.PermissionData,
  KeyReference: shared.KeyReferenceData,
  RoleData: roles.RoleData,
  RoleSpec: roles.RoleSpec,
  SelfData: self.SelfData,
  ApiKeySpec: apiKeys.ApiKeySpec,
  ApiKeyData: apiKeys.ApiKeyData,
  CreatedApiKey: apiKeys.CreatedApiKey,
  RevokeBody: apiKeys.RevokeBody,
  RevokedApiKey: apiKeys.RevokedApiKey,
  TrialSpec: dryRuns.TrialSpec,
  TrialData: dryRuns.TrialData,
  PromotedTrial: dryRuns.PromotedTrial,
  AllowListSpec: allowLists.AllowListSpec,
  AllowListData: allowLists.AllowListData,
  CreatedAllowList: allowLists.CreatedAllowList,
  OperatorSpec: operators.OperatorSpec,
  OperatorChange: operators.OperatorChange,
  OperatorData: operators.OperatorData,
  AuditEventData: audit.AuditEventData,
  RefusalData: denials.RefusalData,
  ExplainRequest: explain.ExplainRequest,
  ExplanationData: explain.ExplanationData,
} satisfies Readonly<Record<string, z.ZodMiniType>>;

export type ComponentName = keyof typeof COMPONENTS;
