// The result of authorizing a request: allowed, with the principal, or denied, with the reason. Reasons are stable for
// ever, the same in code, log, metrics and docs. gateway/responses/denial.ts alone maps them to HTTP statuses.

import type { Permission } from "./permissions.ts";
import type { AccountRef, Principal } from "./principal.ts";

/** Why a request is denied, with the data that its response or its log event needs. */
export type Denial =
  // The request itself, before authentication.
  | { readonly reason: "path_not_canonical" }
  | { readonly reason: "method_not_allowed"; readonly allow: readonly string[] }
  /** The path is reserved for Gatehouse, which has no operation there. */
  | { readonly reason: "not_found" }
  /** The table does not have the operation, and unknown operations are not forwarded; or the path is not one of the API. */
  | { readonly reason: "operation_unknown" }
  | { readonly reason: "host_not_served" }
  | { readonly reason: "body_not_allowed" }
  /** A browser asks for the script of a service worker, which would act for every page of the gateway's origin. */
  | { readonly reason: "service_worker_not_allowed" }
  | { readonly reason: "upgrade_not_enabled" }
  | { readonly reason: "preflight_origin_not_allowed" }
  // The credential, before any storage is read.
  | { readonly reason: "credential_missing" }
  | { readonly reason: "credential_malformed"; readonly what: CredentialError }
  | { readonly reason: "scheme_not_bearer" }
  | { readonly reason: "token_malformed" }
  | { readonly reason: "signature_invalid" }
  // The token of an operator.
  | { readonly reason: "operator_token_invalid" }
  | { readonly reason: "operator_token_expired" }
  /** The token is valid, and its subject is no operator of any account. */
  | { readonly reason: "operator_unknown" }
  /** The operator's groups are mapped to a role that the account does not have. */
  | { readonly reason: "mapped_role_missing" }
  /** The operator may act in several accounts, and the request names none of them. */
  | { readonly reason: "account_required"; readonly accounts: readonly AccountRef[] }
  /** The operator's cookie came with a request that no script of a page of this origin has sent. */
  | { readonly reason: "cross_site" }
  /** The proof of ownership on the first-start page is not the key ring of this deployment. */
  | { readonly reason: "key_ring_mismatch" }
  // The key.
  | { readonly reason: "key_unknown" }
  | { readonly reason: "key_revoked"; readonly revokedAt: number }
  | { readonly reason: "key_disabled"; readonly disabledAt: number }
  /** The client is told that the key was revoked. */
  | { readonly reason: "key_canary" }
  | { readonly reason: "key_expired"; readonly expiredAt: number }
  /** The key is on the break-glass list of the configuration. */
  | { readonly reason: "key_denied" }
  | { readonly reason: "rate_limited"; readonly whose: "address" | "key"; readonly retryAfterSeconds: number }
  // The principal against the request.
  | { readonly reason: "address_not_allowed" }
  | { readonly reason: "account_mismatch" }
  /** `null`: the operation is not in the table, and requires the Admin role. */
  | { readonly reason: "permission_missing"; readonly permission: Permission | null };

/** What is wrong with the way a credential is sent: an error in the client's code, not an invalid key. */
export type CredentialError = "duplicate" | "two_carriers" | "spacing";

export type Reason = Denial["reason"];

/** `key` is the principal that the request was authorized for: a key or an operator. */
export type Decision<P extends Principal = Principal> =
  | { readonly allow: true; readonly principal: P }
  | { readonly allow: false; readonly denial: Denial };

/** The decision that denies a request. */
export function denied(denial: Denial): Decision<never> {
  return { allow: false, denial };
}
