// Start-up is measured against this: a Worker that does nothing.
export default { fetch: () => new Response(null) };
