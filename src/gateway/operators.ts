// Calls of people: the token of an issuer becomes a person, and a person an operator of the account that the path names.
// A made-up token ends at its signature, before anything is looked up.
import type { OperatorRecord } from "../core/key.ts";
import { readOutside, type TrustedIssuer, verifyPerson } from "../core/operator.ts";
import type { Denial } from "../core/verdict.ts";
import type { Background, IssuerKeys, OperatorFinder } from "../store/ports.ts";
import type { Call } from "./call.ts";
import type { Target } from "./facts.ts";
import type { Received } from "./received.ts";

/** Who is trusted to name operators, and how their tokens come. */
export interface OperatorDoor {
  /** `Authorization: Bearer`: an OpenID Connect issuer. */
  readonly bearer: Trust | null;
  /** `Cf-Access-Jwt-Assertion`: Cloudflare Access, which a browser's cookie is enough for. */
  readonly access: Trust | null;
  readonly finder: OperatorFinder;
  /** Origins whose pages may act with the browser's cookie, besides the door's own. */
  readonly origins: ReadonlySet<string>;
}

export interface Trust {
  readonly issuer: TrustedIssuer;
  readonly keys: IssuerKeys;
}

/** A token that may be a person's. */
export interface PersonalToken {
  readonly token: string;
  readonly trust: Trust;
  readonly ambient: boolean;
}

const ASSERTION = "cf-access-jwt-assertion";

/**
 * The token of a person that a call comes with, when it has no key.
 *
 * @param credential what `Authorization` held, or why it held nothing
 */
export function readPersonalToken(
  request: Pick<Received, "headers">,
  credential: string | Denial,
  door: OperatorDoor | null,
): PersonalToken | null {
  if (door === null) return null;
  if (typeof credential === "string") {
    const outside = door.bearer && readOutside(credential);
    return outside ? { token: credential, trust: door.bearer as Trust, ambient: false } : null;
  }
  // Beside any other Authorization it is not read: one call, one caller.
  const assertion = credential.reason === "credential_missing" ? request.headers.get(ASSERTION) : null;
  if (door.access === null || !assertion) return null;
  return { token: assertion, trust: door.access, ambient: true };
}

/** The operator that a token stands for, or why there is none. Throws when the issuer's keys or D1 cannot be asked. */
export async function findOperator(
  call: Call,
  { token, trust, ambient }: PersonalToken,
  target: Target,
  safe: boolean,
  door: OperatorDoor,
  background: Background,
): Promise<OperatorRecord | Denial> {
  if (ambient && !safe && !isOfOurPages(call.received, door.origins)) return { reason: "cross_site" };
  const outside = readOutside(token);
  if (outside === null || outside.issuer !== trust.issuer.issuer) return { reason: "operator_token_invalid" };
  const keys = await trust.keys.keysFor(outside.kid, background);
  const person = await verifyPerson(token, keys, trust.issuer, call.now);
  if (person === "invalid") return { reason: "operator_token_invalid" };
  if (person === "expired") return { reason: "operator_token_expired" };
  const records = await door.finder.find(person);
  const here = records.find(({ accountId }) => accountId === target.accountId) ?? records[0];
  return here ?? { reason: "operator_unknown" };
}

// What a browser sends by itself must not be enough for a change. Clients that are no browsers send neither header.
function isOfOurPages({ headers, url }: Received, origins: ReadonlySet<string>): boolean {
  const origin = headers.get("origin");
  if (origin) return origin === new URL(url).origin || origins.has(origin);
  const site = headers.get("sec-fetch-site");
  return !site || site === "same-origin";
}
