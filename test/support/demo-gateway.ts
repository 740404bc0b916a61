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
  /** Signs an identity token. `changes` replace valid claims; `undefined` removes one. */
  identity(changes?: Record<string, unknown>): Promise<string>;
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
    identity: (changes = {}) =>
      new SignJWT({ ...validClaims(), ...changes }).setProtectedHeader({ alg: "EdDSA", kid: "k1" }).sign(privateKey),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

export function validClaims(): JWTPayload {
  const iat = Math.floor(Date.now() / 1000);
  return { iss: "gatehouse", aud: AUDIENCE, sub: KEY_ID, acc: ACCOUNT, role: "Admin", iat, exp: iat + 60 };
}
