// What can be said of a call: yes, with the key that it was weighed against, or no, with the reason. Reasons are stable
// for ever, the same in code, log, metric and docs. Which HTTP status a reason meets is known to gateway/refuse.ts alone.

import type { Permission } from "./permissions.ts";
import type { KeyRecord } from "./principal.ts";

/** Why a call is refused, with the data that its answer or its log line needs. */
export type Denial =
  // The call itself, before anybody is asked who makes it.
  | { readonly reason: "path_not_canonical" }
  | { readonly reason: "method_not_allowed"; readonly allow: readonly string[] }
  /** The path belongs to Gatehouse, and nobody there answers it. */
  | { readonly reason: "not_found" }
  | { readonly reason: "host_not_served" }
  | { readonly reason: "body_not_allowed" }
  | { readonly reason: "upgrade_not_enabled" }
  | { readonly reason: "preflight_origin_not_allowed" }
  // The credential, before anything is looked up.
  | { readonly reason: "credential_missing" }
  | { readonly reason: "credential_malformed"; readonly what: CredentialError }
  | { readonly reason: "scheme_not_bearer" }
  | { readonly reason: "token_malformed" }
  | { readonly reason: "signature_invalid" }
  // The token of a person.
  | { readonly reason: "operator_token_invalid" }
  | { readonly reason: "operator_token_expired" }
  /** The person is who they say, and no operator of any account. */
  | { readonly reason: "operator_unknown" }
  /** A page of another site made a browser send a change with its cookie. */
  | { readonly reason: "cross_site" }
  /** The proof of ownership on the first-start page is not the key ring of this deployment. */
  | { readonly reason: "key_ring_mismatch" }
  // The key.
  | { readonly reason: "key_unknown" }
  | { readonly reason: "key_revoked"; readonly revokedAt: number }
  | { readonly reason: "key_expired"; readonly expiredAt: number }
  /** The key is on the break-glass list of the configuration. */
  | { readonly reason: "key_denied" }
  | { readonly reason: "rate_limited"; readonly whose: "address" | "key"; readonly retryAfterSeconds: number }
  // The key against the call.
  | { readonly reason: "address_not_allowed" }
  | { readonly reason: "account_mismatch" }
  /** `null`: the operation is not in the table, and needs the Admin role. */
  | { readonly reason: "permission_missing"; readonly permission: Permission | null };

/** What is wrong with the way a credential is sent: an error of the client's code, not a wrong key. */
export type CredentialError = "duplicate" | "two_carriers" | "spacing";

export type Reason = Denial["reason"];

export type Decision =
  | { readonly allow: true; readonly key: KeyRecord }
  | { readonly allow: false; readonly denial: Denial };

/** The verdict that refuses a call. */
export function deny(denial: Denial): Decision {
  return { allow: false, denial };
}
