// Ways to forward a call, each the raw pass-through with one thing added: what each trick of src/gateway saves.
const DROPPED = ["authorization", "cookie", "x-api-key", "forwarded", "via", "x-real-ip", "true-client-ip"];
const OUTWARD = [
  "set-cookie",
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "upgrade",
  "server",
  "x-powered-by",
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-expose-headers",
  "access-control-max-age",
  "gatehouse-identity",
];
const PLAIN_NAME = /^[a-z0-9!#$%&'*+.^`|~-]+$/;
const passes = (name) => !DROPPED.includes(name) && PLAIN_NAME.test(name) && !name.startsWith("cf-");
const identity = "x".repeat(430);
const OUT = new Set(OUTWARD);

function setOurs(headers) {
  headers.set("gatehouse-identity", identity);
  headers.set("gatehouse-operation", "listClusters");
  headers.set("gatehouse-request-id", "00000000000000000000-zzzz");
  headers.set("x-forwarded-for", "203.0.113.9");
}
function target(request, env) {
  const { url } = request;
  return env.UPSTREAM_URL + url.slice(url.indexOf("/", 8));
}

const VARIANTS = {
  raw: (request) => fetch(request),
  async: async (request) => await fetch(request),
  "fetch(url, request)": (request, env) => fetch(target(request, env), request),
  "new Request(request)": (request) => fetch(new Request(request)),
  "new Request(url, request)": (request, env) => fetch(new Request(target(request, env), request)),
  "new Request(url, init)": (request, env) =>
    fetch(
      new Request(target(request, env), {
        method: request.method,
        headers: request.headers,
        body: request.body,
        redirect: "manual",
      }),
    ),
  "new Request(url, init with cache)": (request, env) =>
    fetch(
      new Request(target(request, env), {
        method: request.method,
        headers: request.headers,
        body: request.body,
        redirect: "manual",
        cache: "no-store",
      }),
    ),
  "fetch(url, init)": (request, env) =>
    fetch(target(request, env), {
      method: request.method,
      headers: request.headers,
      body: request.body,
      redirect: "manual",
    }),
  "fetch(request, redirect)": (request) => fetch(request, { redirect: "manual" }),
  "fetch(request, no-store)": (request) => fetch(request, { cache: "no-store" }),
  "1 delete, 1 set": (request) => {
    const r = new Request(request);
    r.headers.delete("authorization");
    r.headers.set("gatehouse-identity", identity);
    return fetch(r);
  },
  "delete in place, 4 sets": (request) => {
    const r = new Request(request);
    const h = r.headers;
    h.delete("authorization");
    h.delete("cf-connecting-ip");
    setOurs(h);
    return fetch(r);
  },
  "names, delete, 4 sets": (request) => {
    const r = new Request(request);
    const h = r.headers;
    for (const name of [...request.headers.keys()]) if (!passes(name)) h.delete(name);
    setOurs(h);
    return fetch(r);
  },
  "copy by iteration": (request) => {
    const h = new Headers();
    for (const [name, value] of request.headers) if (passes(name)) h.append(name, value);
    setOurs(h);
    return fetch(request, { headers: h });
  },
  "copy by forEach": (request) => {
    const h = new Headers();
    request.headers.forEach((value, name) => {
      if (passes(name)) h.append(name, value);
    });
    setOurs(h);
    return fetch(request, { headers: h });
  },
  "plain object": (request) => {
    const h = {};
    for (const [name, value] of request.headers) if (passes(name)) h[name] = value;
    h["gatehouse-identity"] = identity;
    h["gatehouse-operation"] = "listClusters";
    h["gatehouse-request-id"] = "00000000000000000000-zzzz";
    h["x-forwarded-for"] = "203.0.113.9";
    return fetch(request, { headers: h });
  },
  "array of pairs": (request) => {
    const h = [...request.headers].filter(([name]) => passes(name));
    h.push(
      ["gatehouse-identity", identity],
      ["gatehouse-operation", "listClusters"],
      ["gatehouse-request-id", "00000000000000000000-zzzz"],
      ["x-forwarded-for", "203.0.113.9"],
    );
    return fetch(request, { headers: h });
  },
  "read names": (request) => {
    let n = 0;
    for (const name of request.headers.keys()) n += name.length;
    if (n === 1) return null;
    return fetch(request);
  },
  "read names by forEach": (request) => {
    let n = 0;
    request.headers.forEach((_, name) => {
      n += name.length;
    });
    if (n === 1) return null;
    return fetch(request);
  },
  "read names to array": (request) => {
    let n = 0;
    for (const name of Array.from(request.headers.keys())) n += name.length;
    if (n === 1) return null;
    return fetch(request);
  },
  "init, headers, 4 sets": (request, env) => {
    const r = new Request(target(request, env), {
      method: request.method,
      headers: request.headers,
      body: request.body,
      redirect: "manual",
    });
    setOurs(r.headers);
    r.headers.delete("authorization");
    r.headers.delete("cf-connecting-ip");
    return fetch(r);
  },
  "forEach, delete, 4 sets": (request) => {
    const r = new Request(request);
    const h = r.headers;
    request.headers.forEach((_, name) => {
      if (!passes(name)) h.delete(name);
    });
    setOurs(h);
    return fetch(r);
  },
  "object by forEach": (request) => {
    const h = {};
    request.headers.forEach((value, name) => {
      if (passes(name)) h[name] = value;
    });
    h["gatehouse-identity"] = identity;
    h["gatehouse-operation"] = "listClusters";
    h["gatehouse-request-id"] = "00000000000000000000-zzzz";
    h["x-forwarded-for"] = "203.0.113.9";
    return fetch(request, { headers: h });
  },
  "read entries": (request) => {
    let n = 0;
    for (const [name] of request.headers) n += name.length;
    if (n === 1) return null;
    return fetch(request);
  },
  "20 has": (request) => {
    let n = 0;
    for (const name of OUTWARD) if (request.headers.has(name)) n++;
    if (n === 20) return null;
    return fetch(request);
  },
  "abort and timer": (request) => {
    const c = new AbortController();
    const t = setTimeout(() => c.abort(), 30000);
    return fetch(request, { signal: c.signal }).finally(() => clearTimeout(t));
  },
  "signal timeout": (request) => fetch(request, { signal: AbortSignal.timeout(30000) }),
  "timer cleared": (request) => {
    const t = setTimeout(() => {}, 30000);
    return fetch(request).finally(() => clearTimeout(t));
  },
  "timer left": (request) => {
    setTimeout(() => {}, 30000);
    return fetch(request);
  },
  race: (request) =>
    new Promise((resolve, reject) => {
      const t = setTimeout(() => reject(new Error("late")), 30000);
      fetch(request).then((r) => {
        clearTimeout(t);
        resolve(r);
      }, reject);
    }),
  "15 has on answer": async (request) => {
    const a = await fetch(request);
    let n = 0;
    for (const name of OUTWARD) if (a.headers.has(name)) n++;
    if (n === 20) return null;
    return a;
  },
  "names of answer": async (request) => {
    const a = await fetch(request);
    let n = 0;
    for (const name of a.headers.keys()) if (OUT.has(name)) n++;
    if (n === 20) return null;
    return a;
  },
  "all headers into a Map": (request) => (new Map(request.headers).has("none") ? null : fetch(request)),
  "8 headers one by one": (request) => {
    const h = request.headers;
    const names = ["authorization", "host", "cf-connecting-ip", "connection", "upgrade", ...DROPPED.slice(1, 4)];
    return names.some((name) => h.get(name) === "none") ? null : fetch(request);
  },
  body: (request) => (request.body === null ? fetch(request) : null),
  // No hash, no look-up, no rule and no path: what is left of Gatehouse when all of its own is taken away.
  "what cannot go": async (request, env) => {
    const { headers } = request;
    const token = headers.get("authorization");
    if (request.body !== null) return null;
    const h = {};
    const fields = new Map();
    headers.forEach((value, name) => {
      fields.set(name, value);
    });
    fields.forEach((value, name) => {
      if (passes(name) && !value.includes(token)) h[name] = value;
    });
    h["gatehouse-identity"] = identity;
    h["gatehouse-operation"] = "listClusters";
    h["gatehouse-request-id"] = "00000000000000000000-zzzz";
    h["x-forwarded-for"] = "203.0.113.9";
    const init = { method: request.method, headers: h, body: null, redirect: "manual", cache: "no-store" };
    const answer = await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("late")), 30000);
      fetch(target(request, env), init).then(resolve, reject);
    });
    let n = 0;
    answer.headers.forEach((_, name) => {
      if (OUT.has(name)) n++;
    });
    return n === 20 ? null : answer;
  },
};
export default { fetch: (request, env) => VARIANTS[env.VARIANT](request, env) };
