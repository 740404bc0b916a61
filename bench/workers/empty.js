// The base of the start-up: a Worker that does nothing.
export default { fetch: () => new Response(null) };
