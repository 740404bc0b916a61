// The stand-in for the door as a Worker, for a demo upstream that is bound to it: publishes the keys, and nothing else.

export default {
  fetch(request: Request, env: { JWKS: object }): Response {
    const known = new URL(request.url).pathname === "/.well-known/gatehouse/jwks.json";
    return known ? Response.json(env.JWKS) : new Response(null, { status: 404 });
  },
};
