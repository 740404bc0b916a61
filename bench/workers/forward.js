// Ways to forward a request, each the raw pass-through with one thing added: what each choice of src/gateway saves.
const DROPPED = ["authorization", "cookie", "x-api-key", "forwarded", "via", "x-real-ip", "true-client-ip"];
const PLAIN_NAME = /^[a-z0-9!#$%&'*+.^`|~-]+$/;
const passes = (name) => !DROPPED.includes(name) && PLAIN_NAME.test(name) && !name.startsWith("cf-");
const dropped = new Set([
  ...["set-cookie", "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "upgrade", "server"],
  ...["x-powered-by", "gatehouse-identity"],
  ...["origin", "credentials", "methods", "headers"].map((name) => `access-control-allow-${name}`),
  ...["access-control-expose-headers", "access-control-max-age"],
]);
const identity = "x".repeat(430);
const SET = {
  "gatehouse-identity": identity,
  "gatehouse-operation": "listClusters",
  "gatehouse-request-id": "00000000000000000000-zzzz",
  "x-forwarded-for": "203.0.113.9",
};
function target(request, env) {
  const { url } = request;
  return env.UPSTREAM_URL + url.slice(url.indexOf("/", 8));
}
const initOf = ({ method, headers, body }) => ({ method, headers, body, redirect: "manual" });

// bench/forward.ts reads the names here, by their indent.
const VARIANTS = {
  raw: (request) => fetch(request),
  "new Request(url, init)": (request, env) => fetch(new Request(target(request, env), initOf(request))),
  "fetch(request, no-store)": (request) => fetch(request, { cache: "no-store" }),
  "1 delete, 1 set": (request) => {
    const copy = new Request(request);
    copy.headers.delete("authorization");
    copy.headers.set("gatehouse-identity", identity);
    return fetch(copy);
  },
  "copy by iteration": (request) => {
    const headers = new Headers();
    for (const [name, value] of request.headers) if (passes(name)) headers.append(name, value);
    for (const name in SET) headers.set(name, SET[name]);
    return fetch(request, { headers });
  },
  "object by forEach": (request) => {
    const headers = {};
    request.headers.forEach((value, name) => {
      if (passes(name)) headers[name] = value;
    });
    return fetch(request, { headers: Object.assign(headers, SET) });
  },
  "read names by forEach": (request) => {
    let length = 0;
    request.headers.forEach((_, name) => {
      length += name.length;
    });
    return length === 1 ? null : fetch(request);
  },
  "abort and timer": (request) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), 30000);
    return fetch(request, { signal: controller.signal }).finally(() => clearTimeout(timer));
  },
  "timer left": (request) => {
    setTimeout(() => {}, 30000);
    return fetch(request);
  },
  "names of the response": async (request) => {
    const response = await fetch(request);
    let found = 0;
    for (const name of response.headers.keys()) if (dropped.has(name)) found++;
    return found === 20 ? null : response;
  },
  // No hash, no lookup, no rule and no path: what is left of Gatehouse when all of its own is taken away.
  "minimal gateway": async (request, env) => {
    const token = request.headers.get("authorization");
    if (request.body !== null) return null;
    const fields = new Map();
    request.headers.forEach((value, name) => {
      fields.set(name, value);
    });
    const headers = {};
    fields.forEach((value, name) => {
      if (passes(name) && !value.includes(token)) headers[name] = value;
    });
    Object.assign(headers, SET);
    const init = { method: request.method, headers, body: null, redirect: "manual", cache: "no-store" };
    const response = await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("late")), 30000);
      fetch(target(request, env), init).then(resolve, reject);
    });
    let found = 0;
    response.headers.forEach((_, name) => {
      if (dropped.has(name)) found++;
    });
    return found === 20 ? null : response;
  },
};
export default { fetch: (request, env) => VARIANTS[env.VARIANT](request, env) };
