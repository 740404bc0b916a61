// A stand-in for the gateway as a Worker, bound to the demo upstream: publishes the key set only.

export default {
  fetch(request: Request, env: { JWKS: object }): Response {
    const known = new URL(request.url).pathname === "/.well-known/gatehouse/jwks.json";
    return known ? Response.json(env.JWKS) : new Response(null, { status: 404 });
  },
};
