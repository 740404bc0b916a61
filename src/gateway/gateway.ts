// The parts of the gateway as plain interfaces. wiring/app.ts builds them; tests may build others.
import type { AuthorizedRequest } from "../authorized-request.ts";
import type { Denial } from "../core/access/decision.ts";
import type { RoleMap } from "../core/access/role-mapping.ts";
import type { OperationTable } from "../core/routing/operation-table.ts";
import type { KeyRing } from "../core/token/api-key-token.ts";
import type { TrustedIssuer } from "../core/token/oidc-token.ts";
import type { Log } from "../log.ts";
import type { FirstAccount } from "../store/accounts/port.ts";
import type { UsageRecorder } from "../store/api-keys/port.ts";
import type { CanaryAlarms } from "../store/canaries/port.ts";
import type { DenialRecorder } from "../store/denials/port.ts";
import type { DryRunRecorder } from "../store/dry-runs/port.ts";
import type { KeyResolver } from "../store/key-cache/ports.ts";
import type { GithubKeys, LeakReports } from "../store/leaks/port.ts";
import type { MetricsReader, MetricsRecorder } from "../store/metrics/port.ts";
import type { IssuerKeys, OperatorFinder } from "../store/operators/port.ts";
import type { Identity } from "./proxy/identity-token.ts";
import type { HeaderReuse } from "./proxy/request-headers.ts";
import type { RateLimits } from "./rate-limits.ts";

/** Settings that decide how requests are handled; README.md has the table. */
export interface Policy {
  /** Which requests read the key's record from D1's primary: docs/operating.md. */
  readonly strongCheck: "mutations" | "all";
  /** Whether a safe request may be forwarded while its key's record is being confirmed. */
  readonly speculativeForwarding: boolean;
  readonly allowWebSockets: boolean;
  /** Break-glass: ids of keys that are denied whatever D1 holds. */
  readonly blockedKeyIds: ReadonlySet<string>;
  /** Host names that are served; empty: any. Lower case, with the port where it is not the scheme's default. */
  readonly hosts: ReadonlySet<string>;
  /** The only host of the console and of a browser's cookie, where nothing is forwarded; `null`: every host is one. */
  readonly consoleHost: string | null;
  /** Origins whose pages may send requests, serialized as in RFC 6454; empty: none. */
  readonly origins: ReadonlySet<string>;
  readonly cors: CorsHeaders;
}

/** What pages of those origins may send and read, as values of CORS headers (Fetch standard). */
export interface CorsHeaders {
  readonly allowed: string;
  readonly exposed: string;
}

/** The API behind the gateway. */
export interface Upstream {
  /** Scheme, host and port, without a slash at the end. */
  readonly origin: string;
  /** `fetch` itself, or that of a service binding. */
  readonly fetch: (url: string, request: RequestInit) => Promise<Response>;
  /** A credential of our own for it, or `null`: a whole `Authorization` value. */
  readonly authorization: string | null;
  /** Until its response headers have arrived. */
  readonly timeoutMs: number;
  /** Which of the client's headers are forwarded, by name in lower case. */
  readonly forwardsHeader: (name: string) => boolean;
  /** Gives headers to `fetch`; one for each gateway. */
  readonly reuseHeaders: HeaderReuse;
  /** Whether its responses may act as pages of the gateway's origin. */
  readonly servesPages: boolean;
}

/** Why there is no response of the upstream for the client. `cause` is for the log only. */
export type UpstreamFailure =
  | {
      /**
       * `timeout` is a 504. `unreachable`, `invalid` (not HTTP) and `unauthorized` (by our own credential) are a 502,
       * `incomplete` (the client has broken off its body) a 400.
       */
      readonly failure: "timeout" | "unreachable" | "invalid" | "unauthorized" | "incomplete" | "canceled";
      readonly cause: unknown;
    }
  | {
      /** The key has ended before the body was complete. */
      readonly failure: "denied";
      readonly denial: Denial;
      readonly cause: null;
    };

/** A request that was forwarded before its record was confirmed. */
export interface SpeculativeForward {
  /** The version of the record whose identity the upstream was told. */
  readonly version: number;
  /** The upstream's response, for a request that is allowed. */
  take(): Promise<Response | UpstreamFailure>;
  /** Ends it, unless it was taken. */
  cancel(): void;
}

/** A trusted issuer, and where its public keys are. */
export interface IssuerVerifier {
  readonly issuer: TrustedIssuer;
  readonly keys: IssuerKeys;
  /** The roles of people without an entry of their own; empty: there are none. */
  readonly roleMap: RoleMap;
}

/** The issuers whose tokens operators send, and where operators are found. */
export interface OperatorAuthentication {
  /** `Authorization: Bearer`: an OpenID Connect issuer. */
  readonly bearer: IssuerVerifier | null;
  /** `Cf-Access-Jwt-Assertion`: Cloudflare Access, for which a browser's cookie is enough. */
  readonly access: IssuerVerifier | null;
  readonly finder: OperatorFinder;
}

/** The files that were deployed with the Worker; `null` when none were. */
export type Assets = { readonly fetch: (request: Request) => Promise<Response> } | null;

export interface Gateway {
  readonly operations: OperationTable;
  readonly ring: KeyRing;
  readonly keys: KeyResolver;
  readonly usage: UsageRecorder;
  readonly denials: DenialRecorder;
  /** Loaded with the first key that has a dry run. */
  readonly dryRuns: () => Promise<DryRunRecorder>;
  /** `null`: no issuer is configured, and only keys are valid credentials. Loaded with the first other credential. */
  readonly operators: (() => Promise<OperatorAuthentication>) | null;
  readonly identity: Identity;
  readonly upstream: Upstream;
  readonly policy: Policy;
  readonly limits: RateLimits;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly requestId: () => string;
  readonly handleAdmin: (request: AuthorizedRequest) => Promise<Response>;
  /** The OpenAPI document of the operations that Gatehouse serves; loaded when it is requested. */
  readonly openapi: () => Promise<unknown>;
  /** The JWS of the state of the audit log; `null`: nothing has been published yet. Rejects when KV cannot be read. */
  readonly auditHead: () => Promise<string | null>;
  /** The console's files. */
  readonly assets: Assets;
  /** Loaded with the first request to the first-start page. */
  readonly firstAccount: () => Promise<FirstAccount>;
  /** Loaded with the first use of a canary key. */
  readonly canaries: () => Promise<CanaryAlarms>;
  /** Loaded with the first report of a leaked key. */
  readonly leaks: () => Promise<Leaks>;
  /** `null`: METRICS_TOKEN is not set, and nothing is counted for metrics. */
  readonly metrics: Metrics | null;
}

/** What counts requests for the metrics, and serves them. */
export interface Metrics extends MetricsRecorder {
  /** The credential of the metrics. */
  readonly token: string;
  /** Loaded with the first request for the metrics. */
  readonly reader: () => Promise<MetricsReader>;
}

/** What reports of leaked keys need. */
export interface Leaks {
  readonly reports: LeakReports;
  /** `null`: reports of GitHub are not accepted. */
  readonly github: GithubKeys | null;
  /** Signs the reports of scanners and CI; `null`: there is none. */
  readonly secret: string | null;
}
