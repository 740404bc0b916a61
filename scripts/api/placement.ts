// The built-in roles of every permission, guessed from the words of its paths: Viewers read, Developers change things, too, and
// only Admins give access or read secrets. People correct it in policy.ts.
import type { ApiOperation, Placement } from "../../src/core/routing/api-description.ts";
import { singular, wordsOf } from "./names.ts";

export interface Placed {
  readonly placement: Placement;
  readonly sensitive: boolean;
  /** The word that decided; `null`: none did. */
  readonly because: string | null;
}

/** Who reads them gains access, and so does who changes them. */
const SECRETS = new Set(
  "kubeconfig credential password passwd passphrase token secret key keypair console exec shell terminal var variable env"
    .concat(" bootstrap")
    .split(" "),
);
/** Addresses that give access to whom they are returned. */
const SIGNED = new Set(["presigned", "signed"]);
/** What gives access to people and programs. */
const ACCESS = new Set(
  "user role acl permission grant iam sso saml scim oidc oauth oauth2 ldap auth login mfa invite invitation team organization"
    .concat(" org session")
    .split(" "),
);
const ADMINISTRATION = new Set(
  "billing invoice balance payment subscription customer account license operator system admin administration quota audit"
    .concat(" security tenant")
    .split(" "),
);
/** Those whom the resources below them belong to. */
const WHOSE = new Set("account customer org organization team tenant".split(" "));
/** The users of these have passwords, which many APIs return. */
const WITH_LOGINS = new Set(["database", "cluster", "db"]);

const findWord = (words: readonly string[], ...sets: readonly ReadonlySet<string>[]) =>
  words.find((word) => sets.some((set) => set.has(word))) ?? null;

/** Whether what a segment names may be a secret. */
export function isSecret(segment: string): boolean {
  return findWord(wordsOf(segment).map(singular), SECRETS, SIGNED) !== null;
}

/**
 * Places all permissions of operations.
 *
 * A permission of a resource implies its READ, so one that reads a secret takes all of its resource with it.
 *
 * @param prefix the path of the API, whose words do not count
 */
export function placePermissions(operations: readonly ApiOperation[], prefix: string): ReadonlyMap<string, Placed> {
  const placed = new Map<string, Placed>();
  for (const [permission, rows] of Map.groupBy(operations, ({ permission }) => permission)) {
    if (permission !== null) placed.set(permission, placeOne(rows, prefix));
  }
  for (const [permission, own] of placed) {
    const read = placed.get(`${permission.split(":")[0]}:READ`);
    if (read?.placement !== "admin" || own.placement === "admin") continue;
    placed.set(permission, { placement: "admin", sensitive: true, because: read.because });
  }
  return placed;
}

function placeOne(rows: readonly ApiOperation[], prefix: string): Placed {
  const paths = rows.map(({ path }) => literalsOf(path, prefix));
  if (rows.every(({ effect }) => effect === "safe")) {
    const secret = paths.map(secretRead).find((word) => word !== null) ?? null;
    return { placement: secret === null ? "viewer, developer" : "admin", sensitive: secret !== null, because: secret };
  }
  const words = paths.flat(2);
  const access = findWord(words, SECRETS, ACCESS);
  const because = access ?? findWord(words, ADMINISTRATION);
  return { placement: because === null ? "developer" : "admin", sensitive: access !== null, because };
}

/** The word that makes what a path returns a secret: that of its last literal counts, not of those around it. */
function secretRead(literals: readonly (readonly string[])[]): string | null {
  const last = literals.at(-1) ?? [];
  const outer = literals.slice(0, -1).flat();
  const isLogin = last.includes("user") && findWord(outer, WITH_LOGINS) !== null;
  return findWord(last, SECRETS, SIGNED) ?? (isLogin ? "user" : null);
}

/** The words of every literal segment, in the singular. */
function literalsOf(path: string, prefix: string): readonly (readonly string[])[] {
  const below = path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
  const segments = below.split("/");
  // `/accounts/{id}/orders` is about orders: the account only says whose they are.
  const isOwner = (segment: string, at: number) =>
    WHOSE.has(singular(segment.toLowerCase())) &&
    segments[at + 1]?.startsWith("{") &&
    segments.slice(at + 2).some((other) => !other.startsWith("{"));
  return segments
    .filter((segment, at) => !isOwner(segment, at))
    .map((segment) => wordsOf(segment.replace(/\{[^}]*\}/g, "")).map(singular))
    .filter((words) => words.length > 0);
}
