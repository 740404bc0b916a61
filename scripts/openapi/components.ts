// The named schemas of the OpenAPI document.
import type * as z from "zod/mini";
import { AllowListData, AllowListSpec, CreatedAllowList } from "../../src/admin/allow-lists/schema.ts";
import { ApiKeyData, ApiKeySpec, CreatedApiKey, RevokeBody, RevokedApiKey } from "../../src/admin/api-keys/schema.ts";
import { AuditEventData } from "../../src/admin/audit/schema.ts";
import { RefusalData } from "../../src/admin/denials/schema.ts";
import { PromotedTrial, TrialData, TrialSpec } from "../../src/admin/dry-runs/schema.ts";
import { ExplainRequest, ExplanationData } from "../../src/admin/explain/schema.ts";
import { OperatorChange, OperatorData, OperatorSpec } from "../../src/admin/operators/schema.ts";
import { PermissionData } from "../../src/admin/permissions/schema.ts";
import { RoleData, RoleSpec } from "../../src/admin/roles/schema.ts";
import { ErrorAnswer, KeyReferenceData, Metadata } from "../../src/admin/schema.ts";
import { SelfData } from "../../src/admin/self/schema.ts";

export const COMPONENTS = {
  ...{ Metadata, ErrorAnswer, PermissionData, KeyReference: KeyReferenceData, RoleData, RoleSpec, SelfData },
  ...{ ApiKeySpec, ApiKeyData, CreatedApiKey, RevokeBody, RevokedApiKey, TrialSpec, TrialData, PromotedTrial },
  ...{ AllowListSpec, AllowListData, CreatedAllowList, OperatorSpec, OperatorChange, OperatorData },
  ...{ AuditEventData, RefusalData, ExplainRequest, ExplanationData },
} satisfies Readonly<Record<string, z.ZodMiniType>>;

export type ComponentName = keyof typeof COMPONENTS;
