// The request headers that no client may send to the upstream, by kinds: a server behind a gateway takes them for the word of
// the gateway, of an access proxy in front, or of the platform.

/** Never forwarded, whatever `FORWARD_HEADERS` says. */
const NEVER: readonly string[] = [
  // Hop by hop: RFC 9110 section 7.6.1.
  ...["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"],
  // The runtime has answered it already.
  "expect",
  // Set by the gateway or the runtime.
  ...["host", "authorization", "forwarded", "x-forwarded", "via", "cdn-loop"],
  // A browser's ambient credentials.
  ...["cookie", "cookie2"],
  // CGI makes HTTP_PROXY of it (httpoxy).
  "proxy",
];

const NEVER_PREFIXES: readonly string[] = ["gatehouse-", "x-gatehouse-", "x-forwarded-", "cf-", "proxy-"];

/** Dropped, unless `FORWARD_HEADERS` names it. */
const SUSPECT: readonly string[] = [
  // Another method than the authorized one.
  ...["x-http-method", "x-method", "x-method-override", "x-http-method-override", "x-http-verb", "override-method"],
  ...["http-method", "method-override", "http-method-override"],
  // Another host, path or scheme than the authorized one.
  ...["script-name", "path-info", "x-path-info"],
  ...["x-host", "x-override-url", "x-url", "x-uri", "x-path", "x-script-name", "x-ingress-path", "base-url"],
  ...["x-scheme", "x-url-scheme", "front-end-https", "request-uri", "x-wap-url", "x-proxy-url", "x-http-host-override"],
  ...["x-sendfile", "x-lighttpd-send-file", "x-sendfile-type", "x-http-destinationurl", "x-http-path-override"],
  // The client's address.
  ...["forwarded-for", "client-ip", "clientip", "x-client-ip", "x-clientip", "x-cluster-client-ip", "x-originating-ip"],
  ...["x-proxyuser-ip", "x-real-ip", "x-true-client-ip", "true-client-ip", "wl-proxy-client-ip", "wl-proxy-ssl"],
  ...["x-appengine-user-ip", "x-sucuri-clientip", "x-sucuri-client-ip", "incap-client-ip", "x-custom-ip-authorization"],
  ...["x-ip", "x-ip-address", "x-peer-ip", "x-source-ip", "x-remoteip", "z-forwarded-for", "ip"],
  // A second credential.
  ...["api-key", "apikey", "x-api-key", "x-apikey", "x-api-token", "x-api-secret", "x-token", "x-access-token"],
  ...["x-id-token", "x-refresh-token", "x-session", "x-session-id", "x-session-token", "x-sessionid", "x-jwt"],
  ...[
    "private-token",
    "deploy-token",
    "job-token",
    "x-gitlab-token",
    "x-consul-token",
    "x-nomad-token",
    "x-etcd-token",
  ],
  ...["x-figma-token", "x-shopify-access-token", "x-amz-security-token", "x-serverless-authorization", "dd-api-key"],
  ...["x-authorization", "x-original-authorization", "authentication", "x-authentication", "x-rundeck-auth-token"],
  // Who the client is.
  ...["x-user", "x-userid", "x-username", "x-user-id", "x-user-name", "x-user-email", "x-user-mail", "x-user-role"],
  ...["x-user-roles", "x-user-group", "x-user-groups", "x-user-info", "x-user-claims", "x-user-permissions"],
  ...["x-user-scopes", "x-user-token", "x-user-tenant", "x-userinfo", "x-current-user", "x-logged-in-user"],
  ...["x-email", "x-mail", "x-login", "x-uid", "x-sub", "x-subject", "x-principal", "x-identity", "x-claims"],
  ...["x-role", "x-roles", "x-group", "x-groups", "x-scopes", "x-permissions", "x-admin", "x-is-admin", "x-internal"],
  ...[
    "x-tenant",
    "x-tenant-id",
    "x-org-id",
    "x-organization-id",
    "x-account-id",
    "x-customer-id",
    "x-anonymous-consumer",
  ],
  ...["x-credential-identifier", "x-credential-username", "from-user", "user", "username", "auth-user", "authuser"],
  ...["iv-user", "iv-groups", "iv-creds", "sm-user", "sm-userdn", "smuser", "x-dn", "x-trusted-user", "x-sso-user"],
  // What a proxy in front says of the client's certificate.
  ...["client-cert", "client-cert-chain", "x-arr-clientcert", "x-amzn-mtls", "x-certificate", "x-cert"],
];

const SUSPECT_PREFIXES: readonly string[] = [
  // Rewrites, and switches of frameworks and servers.
  ...["x-original-", "x-rewrite-", "x-real-", "x-remote-", "remote-", "x-middleware-", "x-accel-", "x-override-"],
  // Identities that access proxies and gateways assert.
  ...[
    "x-auth-",
    "x-authenticated-",
    "x-authentik-",
    "x-authelia-",
    "x-authz-",
    "x-authorized-",
    "x-webauth-",
    "x-sso-",
  ],
  ...[
    "impersonate-",
    "x-impersonate-",
    "x-consumer-",
    "x-pomerium-",
    "x-okta-",
    "x-oidc-",
    "oidc-",
    "x-saml-",
    "saml-",
  ],
  ...["x-jwt-", "x-token-", "x-claim-", "x-goog-iap-", "x-goog-authenticated-", "x-ms-client-principal", "x-ms-token-"],
  ...["x-amzn-oidc-", "x-amzn-mtls-", "x-apigateway-", "x-apigw-", "x-tyk-", "x-3scale-", "x-kong-", "x-ory-"],
  ...["x-scope-", "x-grafana-", "x-vault-", "tailscale-", "x-tailscale-", "x-teleport-", "x-twingate-", "x-zscaler-"],
  ...["x-spiffe-", "x-istio-", "l5d-", "x-linkerd-", "x-envoy-", "x-nginx-", "x-haproxy-", "x-traefik-", "x-varnish-"],
  // Certificates.
  ...[
    "ssl-",
    "x-ssl-",
    "x-tls-",
    "x-client-cert",
    "x-client-verify",
    "x-client-ssl",
    "x-client-dn",
    "x-mtls-",
    "mtls-",
  ],
  // Platforms.
  ...["x-appengine-", "x-azure-", "x-fd-", "x-arr-", "x-ms-forwarded-", "x-site-", "x-was-", "disguised-host"],
  ...["fly-", "fastly-", "x-fastly-", "akamai-", "x-akamai-", "x-vercel-", "x-nf-", "x-cdn-", "x-edge-", "x-akam-"],
  ...["x-cloud-user", "x-serverless-", "x-amz-cf-", "cloudfront-", "x-bluecoat-", "x-iisnode-", "x-sm-", "sm-"],
];

// RFC 9110 section 5.6.2, less the underscore: many servers read `X_Forwarded_For` as `X-Forwarded-For`.
const PLAIN_NAME = /^[a-z0-9!#$%&'*+.^`|~-]+$/;

const never = new Set(NEVER);
const suspect = new Set(SUSPECT);
const startsWithOneOf = (name: string, prefixes: readonly string[]) => prefixes.some((each) => name.startsWith(each));

/** The name as a server may read it that keeps letters and digits only, as CGI's `HTTP_*` variables do. */
const asRead = (name: string) => name.replace(/[^a-z0-9]/g, "-");

/** Whether a header could be forwarded when it is asked for by name. Names are lower case. */
export function isForwardable(name: string): boolean {
  const read = asRead(name);
  return PLAIN_NAME.test(name) && !never.has(read) && !startsWithOneOf(read, NEVER_PREFIXES);
}

/** Whether a header is of a kind that speaks for somebody else than the client. */
export function isSuspect(name: string): boolean {
  const read = asRead(name);
  return suspect.has(read) || startsWithOneOf(read, SUSPECT_PREFIXES);
}
