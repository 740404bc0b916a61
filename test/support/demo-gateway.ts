// A stand-in for the gateway, as the demo upstream sees it: a signing key, and a server that publishes its key set.
import http from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

export const ACCOUNT = "0a51b8a8-5a3c-4f0e-9d0b-7c1f2e3d4a01";
export const OTHER_ACCOUNT = "0a51b8a8-5a3c-4f0e-9d0b-7c1f2e3d4a02";
export const AUDIENCE = "demo-under-test";

export const KEY_ID = "5d0c2a7e-0000-4000-8000-000000000001";

export interface DemoGateway {
  readonly url: string;
  /**
   * Signs an identity token for a request. `changes` replace valid claims, and those of the header; `undefined` removes one.
   *
   * @param request its method and its path below `/api/public/v1`
   */
  identity(
    request: readonly [method: string, path: string],
    changes?: Record<string, unknown>,
    header?: Record<string, unknown>,
  ): Promise<string>;
  close(): Promise<void>;
}

export async function startDemoGateway(): Promise<DemoGateway> {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "k1", alg: "EdDSA", use: "sig" }] };
  const server = http.createServer((request, response) => {
    const known = request.url === "/.well-known/gatehouse/jwks.json";
    response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
    response.end(known ? JSON.stringify(jwks) : "{}");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    identity: (request, changes = {}, header = {}) =>
      new SignJWT({ ...validClaims(request), ...changes })
        .setProtectedHeader({ ...HEADER, ...header })
        .sign(privateKey),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** A valid header of an identity token. */
export const HEADER = { alg: "EdDSA", kid: "k1", typ: "gatehouse-identity+jwt" };

/** The valid claims of an identity token for a request. */
export function validClaims([method, path]: readonly [method: string, path: string]): JWTPayload {
  const iat = Math.floor(Date.now() / 1000);
  return {
    ...{ iss: "gatehouse", aud: AUDIENCE, sub: KEY_ID, acc: ACCOUNT, role: "Admin", role_built_in: true },
    ...{ method, path: `/api/public/v1${path.replace(/\?.*/, "")}`, jti: crypto.randomUUID(), iat, exp: iat + 60 },
  };
}
