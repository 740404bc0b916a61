// A stand-in for Cloudflare Access: an issuer with a key set, and assertions that it signs.
import http from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export const ACCESS_AUDIENCE = "f0e1d2c3b4a5968778695a4b3c2d1e0f";

export interface AccessProxy {
  readonly url: string;
  /** The variables of a Gatehouse that trusts it. */
  readonly vars: Readonly<Record<string, string>>;
  /** The value of `Cf-Access-Jwt-Assertion` for a signed-in user. */
  assertionOf(email: string, expiresIn?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startAccessProxy(): Promise<AccessProxy> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const key = { ...(await exportJWK(publicKey)), kid: "access-1", alg: "RS256", use: "sig" };
  const server = http.createServer((request, response) => {
    const known = request.url === "/cdn-cgi/access/certs";
    response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(known ? { keys: [key] } : {}));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    vars: { ACCESS_TEAM_DOMAIN: url, ACCESS_AUDIENCE },
    assertionOf: (email, expiresIn = "1h") =>
      new SignJWT({ email, type: "app", country: "CH" })
        .setProtectedHeader({ alg: "RS256", kid: "access-1", typ: "JWT" })
        .setIssuer(url)
        .setAudience([ACCESS_AUDIENCE])
        .setSubject(`sub-of-${email}`)
        .setIssuedAt("2 hours ago")
        .setExpirationTime(expiresIn)
        .sign(privateKey),
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
