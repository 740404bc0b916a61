// The envelopes of the cluster API's responses.

/** One entity: `{ data }`. */
export function one(data: object | null): Response {
  return Response.json({ data });
}

/** A page of entities: `{ data, _metadata }`, where a token of `null` marks the last page. */
export function many(request: Request, data: readonly object[], continuation: string | null): Response {
  const url = new URL(request.url);
  const self = url.pathname + url.search;
  if (continuation !== null) url.searchParams.set("continuation_token", continuation);
  const next = continuation === null ? null : url.pathname + url.search;
  return Response.json({ data, _metadata: { continuation_token: continuation, links: { self, next } } });
}

/** 204, without a body. */
export function gone(): Response {
  return new Response(null, { status: 204 });
}

/** `{ error: { detail, status } }` */
export function errorResponse(status: number, detail: string): Response {
  return Response.json({ error: { detail, status } }, { status });
}

/** 400, with all field errors at once. */
export function invalid(errors: readonly string[]): Response {
  return errorResponse(400, `Invalid request: ${errors.join("; ")}`);
}
