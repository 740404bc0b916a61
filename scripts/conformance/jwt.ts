// What `ybm auth` does with a key before it believes it: parses it as a JWT, unverified, and looks at two claims.
import { isMembers } from "./client.ts";

// The methods that golang-jwt registers by itself.
const ALGORITHMS = new Set(
  ["HS", "RS", "ES", "PS"]
    .flatMap((family) => [`${family}256`, `${family}384`, `${family}512`])
    .concat("EdDSA", "none"),
);

/** Why `ybm auth` would panic over a key or call it expired. Never repeats the key. */
export function jwtFaults(key: string, nowSeconds: number): string[] {
  const segments = key.split(".");
  if (segments.length !== 3) return [`the key has ${segments.length} segments, a JWT has 3`];
  const header = parsed(segments[0]);
  const claims = parsed(segments[1]);
  if (header === null || claims === null) return ["the key's header or claims are not base64url JSON"];
  const faults: string[] = [];
  if (typeof header.alg !== "string" || !ALGORITHMS.has(header.alg)) faults.push("the key's alg is not registered");
  const { exp, iat } = claims;
  if (typeof exp !== "number") faults.push("claim exp is not a number: ybm auth panics");
  else if (exp < nowSeconds) faults.push("claim exp has passed: ApiKey is expired");
  if (typeof iat !== "number") faults.push("claim iat is not a number: ybm auth panics");
  else if (iat > nowSeconds) faults.push("claim iat lies ahead: ApiKey is expired");
  return faults;
}

function parsed(segment = ""): Readonly<Record<string, unknown>> | null {
  if (!/^[\w-]+$/.test(segment)) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, "base64url").toString("utf8"));
    return isMembers(value) ? value : null;
  } catch {
    return null;
  }
}
