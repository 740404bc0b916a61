// Conditional requests (RFC 9110 section 13): a client that edits what it has read sends its entity tag, and gets 412 when it
// was changed meanwhile.
import type { AuthorizedRequest } from "../authorized-request.ts";
import { operationError } from "./responses.ts";

/** The entity tag of a resource that has versions. Counts of use are no part of the version: they are not edited. */
export function etagOf({ version }: { readonly version: number | string }): string {
  return `"${version}"`;
}

/** An entity tag in a list, or "*" (RFC 9110 section 8.8.3). */
const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"|\*/g;

/**
 * Whether a change may be made by the request's `If-Match`: there is none, it is "*", or it lists the tag. The comparison is
 * strong (section 13.1.1), so that a weak tag never matches. What is no entity tag matches nothing.
 *
 * Called once the resource was found and the change is allowed (section 13.2.1). The change must be bound to the version that
 * was read: `actorOf(request, ...)`.
 *
 * @param etag the resource's; `null`: there is no such resource
 */
export function matchesIfMatch({ raw }: AuthorizedRequest, etag: string | null): boolean {
  const tags = tagsOf(raw, "if-match");
  if (tags === null) return true;
  return etag !== null && (tags.includes("*") || tags.includes(etag));
}

/** Whether the resource may be made by the request's `If-None-Match` (section 13.1.2, which compares weakly). */
export function matchesIfNoneMatch({ raw }: AuthorizedRequest, etag: string | null): boolean {
  const tags = tagsOf(raw, "if-none-match");
  if (tags === null || etag === null) return true;
  return !tags.includes("*") && !tags.includes(etag) && !tags.includes(`W/${etag}`);
}

function tagsOf({ headers }: Request, name: string): readonly string[] | null {
  const value = headers.get(name);
  return value === null ? null : (value.match(ENTITY_TAG) ?? []);
}

/** 412. */
export function preconditionFailed(request: AuthorizedRequest): Response {
  const detail = "This was changed since you have read it. Read it again, and repeat your change if it still applies.";
  return operationError(request, 412, "precondition_failed", detail);
}
