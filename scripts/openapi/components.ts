// The named schemas of the OpenAPI document.
import type * as z from "zod/mini";
import {
  AllowListData,
  AllowListReplacement,
  AllowListSpec,
  CreatedAllowList,
  ReplacedAllowList,
} from "../../src/admin/allow-lists/schema.ts";
import {
  AlreadyCreatedAnswer,
  ApiKeyData,
  ApiKeyEdit,
  ApiKeySpec,
  BulkRevocation,
  BulkRevokeBody,
  CountChangedAnswer,
  CreatedApiKey,
  EditedApiKey,
  Overlap,
  RevokeBody,
  RevokedApiKey,
  RotatedApiKey,
} from "../../src/admin/api-keys/schema.ts";
import { ApprovalData, ForbiddenAnswer } from "../../src/admin/approvals/schema.ts";
import { AuditEventData, AuditHeadData } from "../../src/admin/audit/schema.ts";
import { RefusalData } from "../../src/admin/denials/schema.ts";
import { PromotedTrial, StartedTrial, TrialData, TrialSpec } from "../../src/admin/dry-runs/schema.ts";
import {
  DeliveryData,
  EndpointChange,
  EndpointData,
  EndpointSpec,
  EndpointWithSecret,
  RedeliverBody,
  RedeliveredData,
  SecretRotation,
  TestedData,
} from "../../src/admin/endpoints/schema.ts";
import { ExplainRequest, ExplanationData } from "../../src/admin/explain/schema.ts";
import { CreatedOperator, OperatorChange, OperatorData, OperatorSpec } from "../../src/admin/operators/schema.ts";
import { PermissionData } from "../../src/admin/permissions/schema.ts";
import { PolicyData, PolicySpec } from "../../src/admin/policy/schema.ts";
import { RoleData, RoleSpec } from "../../src/admin/roles/schema.ts";
import { AccountRequiredAnswer, ErrorAnswer, KeyReferenceData, Metadata } from "../../src/admin/schema.ts";
import { SelfData } from "../../src/admin/self/schema.ts";

export const COMPONENTS = {
  ...{
    Metadata,
    ErrorAnswer,
    AccountRequiredAnswer,
    PermissionData,
    KeyReference: KeyReferenceData,
    RoleData,
    RoleSpec,
    SelfData,
  },
  ...{
    ApiKeySpec,
    ApiKeyEdit,
    ApiKeyData,
    CreatedApiKey,
    EditedApiKey,
    RevokeBody,
    RevokedApiKey,
    Overlap,
    RotatedApiKey,
    BulkRevokeBody,
    BulkRevocation,
    CountChangedAnswer,
    AlreadyCreatedAnswer,
    TrialSpec,
    TrialData,
    StartedTrial,
    PromotedTrial,
  },
  ...{
    AllowListSpec,
    AllowListData,
    AllowListReplacement,
    CreatedAllowList,
    ReplacedAllowList,
    OperatorSpec,
    OperatorChange,
    OperatorData,
    CreatedOperator,
  },
  ...{
    EndpointSpec,
    EndpointChange,
    EndpointData,
    EndpointWithSecret,
    SecretRotation,
    DeliveryData,
    RedeliverBody,
    RedeliveredData,
    TestedData,
  },
  ...{ PolicySpec, PolicyData, ApprovalData, ForbiddenAnswer },
  ...{ AuditEventData, AuditHeadData, RefusalData, ExplainRequest, ExplanationData },
} satisfies Readonly<Record<string, z.ZodMiniType>>;

export type ComponentName = keyof typeof COMPONENTS;

/** That a member is there, and is not null. */
const given = (name: string, type: string) => ({ required: [name], properties: { [name]: { type } } });

/** What a schema of zod checks between members, which its JSON Schema leaves out. */
export const CHOICES: Readonly<Partial<Record<ComponentName, object>>> = {
  OperatorSpec: { oneOf: [given("email", "string"), given("subject", "string")] },
  TrialSpec: { anyOf: [given("role_id", "string"), given("allow_list_info", "array")] },
  RedeliverBody: { oneOf: [{ required: ["event_ids"] }, { required: ["since"] }] },
  ExplainRequest: {
    oneOf: [
      { required: ["request_id"], maxProperties: 1 },
      { required: ["api_key_id", "method", "path"], not: { required: ["request_id"] } },
    ],
  },
};
