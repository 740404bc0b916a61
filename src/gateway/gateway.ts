// The parts that a call meets on its way through, as plain interfaces; index.ts builds them, tests may build others.

import type { AuthorizedRequest } from "../authorized-request.ts";
import type { Routes } from "../core/routing/route-matcher.ts";
import type { KeyRing } from "../core/token/api-key-token.ts";
import type { TrustedIssuer } from "../core/token/oidc-token.ts";
import type { Log } from "../log.ts";
import type { UsageRecorder } from "../store/api-keys/port.ts";
import type { Background } from "../store/common.ts";
import type { DenialRecorder } from "../store/denials/port.ts";
import type { DryRunRecorder } from "../store/dry-runs/port.ts";
import type { KeyResolver } from "../store/key-cache/ports.ts";
import type { IssuerKeys, OperatorFinder } from "../store/operators/port.ts";
import type { Identity } from "./proxy/identity-token.ts";
import type { RateLimits } from "./rate-limits.ts";

/** What the operator has chosen; README.md has the table. */
export interface Policy {
  /** Which calls read the key's row from D1 itself: docs/operating.md. */
  readonly strongCheck: "mutations" | "all";
  /** Whether a safe call may be sent ahead while its check is under way. */
  readonly speculativeForwarding: boolean;
  readonly allowWebSockets: boolean;
  /** Break-glass: ids of keys that are refused whatever D1 says. */
  readonly blockedKeyIds: ReadonlySet<string>;
  /** Host names that are served; empty: any. Lower case, with the port where it is not the scheme's own. */
  readonly hosts: ReadonlySet<string>;
  /** Origins whose pages may call: RFC 6454 serialised; empty: none. */
  readonly origins: ReadonlySet<string>;
}

/** The API behind the door. */
export interface Upstream {
  /** Scheme, host and port, without a slash at the end. */
  readonly origin: string;
  /** `fetch` itself, or that of a service binding. */
  readonly fetch: (url: string, request: RequestInit) => Promise<Response>;
  /** A credential of our own for it, or `null`: a whole `Authorization` value. */
  readonly authorization: string | null;
  /** Until its headers have come. */
  readonly timeoutMs: number;
}

/** The upstream gave no answer: `timeout` is a 504, `unreachable` a 502. */
export interface UpstreamFailure {
  readonly failure: "timeout" | "unreachable" | "cancelled";
  /** What the runtime says of it, for the log only. */
  readonly cause: unknown;
}

export interface IssuerVerifier {
  readonly issuer: TrustedIssuer;
  readonly keys: IssuerKeys;
}

/** Who is trusted to name operators, and how their tokens come. */
export interface OperatorAuthentication {
  /** `Authorization: Bearer`: an OpenID Connect issuer. */
  readonly bearer: IssuerVerifier | null;
  /** `Cf-Access-Jwt-Assertion`: Cloudflare Access, which a browser's cookie is enough for. */
  readonly access: IssuerVerifier | null;
  readonly finder: OperatorFinder;
  /** Origins whose pages may act with the browser's cookie, besides the door's own. */
  readonly origins: ReadonlySet<string>;
}

/** The files that were deployed with the Worker; `null` when none were. */
export type Assets = { readonly fetch: (request: Request) => Promise<Response> } | null;

export interface Gateway {
  readonly routes: Routes;
  readonly ring: KeyRing;
  readonly keys: KeyResolver;
  readonly usage: UsageRecorder;
  readonly denials: DenialRecorder;
  /** Loaded with the first key that has one. */
  readonly dryRuns: () => Promise<DryRunRecorder>;
  /** `null`: no issuer is trusted, and only keys are let in. Loaded when it is asked for. */
  readonly operators: (() => Promise<OperatorAuthentication>) | null;
  readonly identity: Identity;
  readonly upstream: Upstream;
  readonly policy: Policy;
  readonly limits: RateLimits;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly requestId: () => string;
  readonly handleAdmin: (request: AuthorizedRequest, background: Background) => Promise<Response>;
  /** The OpenAPI document of what `serve` answers; loaded when it is asked for. */
  readonly openapi: () => Promise<unknown>;
  /** The console's files. */
  readonly assets: Assets;
}
