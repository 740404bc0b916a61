// The parts that a call meets on its way through, as plain interfaces; index.ts builds them, tests may build others.
import type { KeyRecord } from "../core/access/principal.ts";
import type { Operation } from "../core/routing/operations.ts";
import type { Routes } from "../core/routing/route-matcher.ts";
import type { KeyRing } from "../core/token/api-key-token.ts";
import type { Log, RequestLog } from "../log.ts";
import type { Background, DenialRecorder, DryRunRecorder, KeyResolver, UsageRecorder } from "../store/ports.ts";
import type { OperatorAuthentication } from "./authentication/operator-token.ts";
import type { Identity } from "./proxy/identity-token.ts";
import type { Assets } from "./public/console-assets.ts";
import type { RateLimits } from "./rate-limits.ts";

/** What the operator has chosen; README.md has the table. */
export interface Policy {
  /** Which calls read the key's row from D1 itself: docs/operating.md. */
  readonly strongCheck: "mutations" | "all" | "none";
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

/** A call that has been authorised, for the operations that Gatehouse answers itself. */
export interface AuthorizedRequest {
  readonly raw: Request;
  readonly path: string;
  readonly query: string;
  readonly operation: Operation;
  readonly principal: KeyRecord;
  readonly address: string | null;
  readonly requestId: string;
  readonly now: number;
  readonly log: RequestLog;
}

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
