// What an answer looks like: the envelopes of the cluster API. Knows none of the things that are put in them.

/** One entity: `{ data }`. */
export function one(data: object | null): Response {
  return Response.json({ data });
}

/** A page of entities: `{ data, _metadata }`, where a token of `null` says that there are no more. */
export function many(request: Request, data: readonly object[], continuation: string | null): Response {
  const url = new URL(request.url);
  const self = url.pathname + url.search;
  if (continuation !== null) url.searchParams.set("continuation_token", continuation);
  const next = continuation === null ? null : url.pathname + url.search;
  return Response.json({ data, _metadata: { continuation_token: continuation, links: { self, next } } });
}

/** Done, and nothing to show for it. */
export function gone(): Response {
  return new Response(null, { status: 204 });
}

/** `{ error: { detail, status } }` */
export function refusal(status: number, detail: string): Response {
  return Response.json({ error: { detail, status } }, { status });
}

/** 400, with every fault at once. */
export function invalid(faults: readonly string[]): Response {
  return refusal(400, `Invalid request: ${faults.join("; ")}`);
}
