// A real OpenID Connect provider on a real socket, and two ways to sign in: by HTTP, or in a browser.
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import Provider from "oidc-provider";

export const CLIENT = "gatehouse-console";

export interface TestIssuer {
  readonly url: string;
  /** How often the key set was fetched. */
  readonly keyReads: () => number;
  /** Begins a sign-in. @returns the authorization URL and the PKCE verifier */
  begin(): { readonly url: string; readonly verifier: string };
  /** Exchanges an authorization code for an ID token. */
  redeem(code: string, verifier: string): Promise<string>;
  /** The claim `groups` by login; without one, the claim is left out. */
  readonly groups: Map<string, unknown>;
  /** The whole authorization-code flow with PKCE, by HTTP. */
  signIn(login: string): Promise<string>;
  close(): Promise<void>;
}

async function newKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" };
}

/** @param client the `client_id` that tokens are issued to: their audience */
export async function startIssuer(client = CLIENT): Promise<TestIssuer> {
  let handle: http.RequestListener = (_, response) => response.writeHead(503).end();
  let keyReads = 0;
  const groups = new Map<string, unknown>();
  const server = http.createServer((request, response) => {
    if (request.url === "/jwks") keyReads += 1;
    handle(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const redirect = `${url}/callback`;
  const provider = new Provider(url, {
    clients: [
      {
        client_id: client,
        application_type: "native",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code"],
        response_types: ["code"],
        redirect_uris: [redirect],
      },
    ],
    cookies: { keys: [randomBytes(16).toString("hex")] },
    jwks: { keys: [await newKey("first")] },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ["sub", "groups"], email: ["email", "email_verified"] },
    features: { devInteractions: { enabled: true } },
    findAccount: async (_context: unknown, sub: string) => ({
      accountId: sub,
      // A login that starts with "unverified" has an email address that the provider has not verified.
      claims: async () => ({
        sub,
        email: `${sub}@example.com`,
        email_verified: !sub.startsWith("unverified"),
        groups: groups.get(sub),
      }),
    }),
  });
  const callback = provider.callback();
  handle = (request, response) => {
    if (request.url?.startsWith("/callback")) response.end("signed in");
    else void callback(request, response);
  };

  function begin() {
    const verifier = randomBytes(32).toString("base64url");
    const parameters = new URLSearchParams({
      client_id: client,
      response_type: "code",
      redirect_uri: redirect,
      scope: "openid email",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
      state: randomBytes(8).toString("hex"),
      nonce: randomBytes(8).toString("hex"),
    });
    return { url: `${url}/auth?${parameters}`, verifier };
  }

  async function redeem(code: string, verifier: string): Promise<string> {
    const body = new URLSearchParams({
      grant_type: "authorization_code",
      client_id: client,
      redirect_uri: redirect,
      code,
      code_verifier: verifier,
    });
    const response = await fetch(`${url}/token`, { method: "POST", body });
    const { id_token } = (await response.json()) as { id_token?: string };
    if (id_token === undefined) throw new Error(`no token: ${response.status}`);
    return id_token;
  }

  async function signIn(login: string): Promise<string> {
    const { url: start, verifier } = begin();
    const visit = createHttpClient();
    let page = await visit(start);
    for (let i = 0; i < 6 && !page.url.includes("/callback"); i++) {
      const action = /action="([^"]+)"/.exec(page.text)?.[1];
      if (action === undefined) throw new Error(`no form at ${page.url}`);
      const prompt = /name="prompt" value="(\w+)"/.exec(page.text)?.[1] ?? "";
      page = await visit(new URL(action, url).href, new URLSearchParams({ prompt, login, password: "any" }));
    }
    const code = new URL(page.url).searchParams.get("code");
    if (code === null) throw new Error(`no code at ${page.url}`);
    return redeem(code, verifier);
  }

  return {
    url,
    keyReads: () => keyReads,
    groups,
    begin,
    redeem,
    signIn,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Follows redirects and keeps cookies, as a browser does. */
function createHttpClient() {
  const cookies = new Map<string, string>();
  return async function visit(url: string, form?: URLSearchParams): Promise<{ url: string; text: string }> {
    let [next, body] = [url, form];
    for (let i = 0; i < 10; i++) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await fetch(next, {
        redirect: "manual",
        headers: { cookie },
        ...(body === undefined ? {} : { method: "POST", body }),
      });
      for (const set of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
        if (value === "") cookies.delete(name);
        else cookies.set(name, value);
      }
      const to = response.headers.get("location");
      if (to === null) return { url: next, text: await response.text() };
      await response.body?.cancel();
      [next, body] = [new URL(to, next).href, undefined];
    }
    throw new Error("redirected without end");
  };
}
