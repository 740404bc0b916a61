// What the gateway changes on purpose, each by value, over a real socket.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";
import { type Observed, play, type Route } from "./exchange.ts";
import { type Field, fieldValue } from "./message.ts";
import { startRawUpstream } from "./raw-upstream.ts";
import type { Step } from "./script.ts";
import { answer, earlyAnswer, OK, round, sizedAnswer } from "./table/build.ts";

/** A gateway with some settings, in front of a raw upstream. */
async function start(vars: Readonly<Record<string, string>> = {}) {
  const upstream = await startRawUpstream();
  const gateway = await startWorkerdGateway({ vars: { ...FORWARD_ALL, UPSTREAM_URL: upstream.url, ...vars } });
  const { token } = await gateway.key();
  return { gateway, upstream, route: { port: gateway.port, upstream, token } satisfies Route };
}

type Started = Awaited<ReturnType<typeof start>>;

async function exchanged(
  { route }: Started,
  method: string,
  fields: readonly Field[] = [],
  steps: readonly Step[] = OK,
): Promise<Observed> {
  const [seen] = await play({ title: "", rounds: [round(method, { fields, answer: steps })] }, route);
  if (seen === undefined) throw new Error("nothing was played");
  return seen;
}

const received = (seen: Observed, name: string) => fieldValue(seen.response.final?.fields ?? [], name);
const arrived = (seen: Observed, name: string) => fieldValue(seen.arrivals[0]?.message.fields ?? [], name);
const errorOf = (seen: Observed) => JSON.parse(String(seen.response.final?.body)).error as Record<string, unknown>;

async function stop(...all: readonly (Started | undefined)[]): Promise<void> {
  for (const started of all) {
    await started?.gateway.close();
    await started?.upstream.close();
  }
}

let plain: Started;
let gateway: WorkerdGateway;
beforeAll(async () => {
  plain = await start();
  gateway = plain.gateway;
});
afterAll(() => stop(plain));

describe("a URL of the upstream", () => {
  it.each([
    ["Location", "{up}/moved?a=1#b", "http://api.example/moved?a=1#b"],
    ["Location", "{up}//evil.example/x", "http://api.example//evil.example/x"],
    ["Location", "{up}/\\evil.example", "http://api.example//evil.example"],
    ["Location", "{up}", "http://api.example/"],
    ["Location", "/relative", "/relative"],
    ["Location", "https://elsewhere.example/x", "https://elsewhere.example/x"],
    ["Content-Location", "{up}/a", "http://api.example/a"],
    ["Operation-Location", "{up}/operations/1", "http://api.example/operations/1"],
    ["Azure-AsyncOperation", "{up}/operations/1", "http://api.example/operations/1"],
    ["Refresh", "5; url={up}/a", "5; url=http://api.example/a"],
    [
      "Link",
      '<{up}/next>; rel="next", <{up}/last>; rel="last"',
      '<http://api.example/next>; rel="next", <http://api.example/last>; rel="last"',
    ],
  ])("in %s leads through the gateway: %s", async (name, value, expected) => {
    const line = `${name}: ${value.replaceAll("{up}", plain.upstream.url)}`;
    for (const status of ["201 Created", "302 Found"])
      expect(received(await exchanged(plain, "GET", [], sizedAnswer(status, [line], "x")), name.toLowerCase())).toBe(
        expected,
      );
  });

  it("is followed by nobody when there are two in one response", async () => {
    for (const second of ["//evil.example/", "https://evil.example/", "/b"]) {
      const lines = [`Location: ${plain.upstream.url}/a`, `Location: ${second}`];
      const seen = await exchanged(plain, "GET", [], sizedAnswer("302 Found", lines, ""));
      expect(received(seen, "location")).toBeNull();
    }
  });

  it.each([
    ["by the other scheme", "https{up}/a", "http://api.example/a"],
    ["with a comma in it", "http{up}/a?x=1, 2", "http://api.example/a?x=1,%202"],
    ["in UTF-8", "http{up}/caf\xc3\xa9", "http://api.example/caf%C3%A9"],
    ["in another encoding", "http{up}/caf\xe9", null],
  ])("leads through the gateway, or nowhere, %s", async (_, value, expected) => {
    const line = `Location: ${value.replace("{up}", plain.upstream.url.replace(/^http/, ""))}`;
    const seen = await exchanged(plain, "GET", [], sizedAnswer("302 Found", [line], ""));
    expect(received(seen, "location")).toBe(expected);
  });

  it.each(["?x=1, 2", "/caf\xe9"])(
    "is none in a relative location, whose bytes stay as they are: %j",
    async (value) => {
      const seen = await exchanged(plain, "GET", [], sizedAnswer("302 Found", [`Location: ${value}`], ""));
      expect(received(seen, "location")).toBe(value);
    },
  );
});

describe("an answer that is not valid", () => {
  it.each([
    ["600 Odd", "GET"],
    ["600 Odd", "POST"],
    ["999 Odd", "DELETE"],
    ["101 Switching Protocols", "GET"],
    ["101 Switching Protocols", "POST"],
  ])("is a 502 that invites nobody to retry, logged as the upstream's: %s to a %s", async (status, method) => {
    await gateway.logs();
    const fields = status.startsWith("101") ? ["Connection: Upgrade", "Upgrade: x"] : ["Content-Length: 0"];
    const seen = await exchanged(plain, method, [], answer(status, fields));
    expect(seen.response.final?.startLine).toBe("HTTP/1.1 502 Bad Gateway");
    expect(errorOf(seen)).toMatchObject({ status: 502, code: "upstream_invalid" });
    expect(received(seen, "retry-after")).toBeNull();
    expect(seen.arrivals).toHaveLength(1);
    const events = await gateway.logs();
    expect(events.findLast(({ kind }) => kind === "fault")).toMatchObject({
      status: 502,
      error: expect.stringContaining("the upstream"),
    });
  });

  it.each([
    ["nothing", [{ end: "fin" }]],
    ["a reset", [{ end: "reset" }]],
    ["no HTTP", ["not http at all\r\n\r\n", { end: "fin" }]],
    ["a status of no number", ["HTTP/1.1 abc Odd\r\n\r\n", { end: "fin" }]],
    ["a status of four digits", ["HTTP/1.1 2000 Odd\r\nContent-Length: 0\r\n\r\n", { end: "fin" }]],
    ["two lengths", [...earlyAnswer("200 OK", ["Content-Length: 2", "Content-Length: 3"], "abc"), { end: "fin" }]],
  ] as const)("is a 502 without Retry-After, asked for once: %s", async (_, steps) => {
    for (const method of ["GET", "POST"]) {
      const seen = await exchanged(plain, method, [], steps as readonly Step[]);
      expect(errorOf(seen)).toMatchObject({ status: 502 });
      expect(received(seen, "retry-after")).toBeNull();
      expect(seen.arrivals).toHaveLength(1);
    }
  });
});

describe("every response", () => {
  it.each([
    ["of the upstream", "GET", "/x", true],
    ["that denies", "GET", "/x", false],
    ["of an operation of Gatehouse", "GET", "/api/public/v1/permissions", true],
    ["of a public document", "GET", "/.well-known/gatehouse/jwks.json", false],
    ["of the health check", "GET", "/.well-known/gatehouse/health", false],
    ["of the console", "GET", "/console/", false],
    ["to a path that is not canonical", "GET", "/a%2fb", true],
  ])("has a Gatehouse-Request-Id: %s", async (_, method, target, authenticated) => {
    const response = await fetch(`http://127.0.0.1:${gateway.port}${target}`, {
      method,
      headers: authenticated ? { authorization: `Bearer ${plain.route.token}` } : {},
    });
    expect(response.headers.get("gatehouse-request-id")).toMatch(/^[\w-]+$/);
  });

  it("has the id of the log, not the upstream's", async () => {
    const seen = await exchanged(
      plain,
      "GET",
      [],
      sizedAnswer("401 Unauthorized", ["Gatehouse-Request-Id: forged"], "x"),
    );
    expect(received(seen, "gatehouse-request-id")).toBe(arrived(seen, "gatehouse-request-id"));
  });
});

describe("an answer of the upstream in a browser", () => {
  it("cannot act as a page of the gateway's origin", async () => {
    const fields = ["Content-Type: text/html", "Service-Worker-Allowed: /", "Clear-Site-Data: *"];
    const seen = await exchanged(plain, "GET", [], sizedAnswer("404 Not Found", fields, "<script>alert(1)</script>"));
    expect(received(seen, "content-security-policy")).toBe("sandbox");
    expect(received(seen, "x-content-type-options")).toBe("nosniff");
    expect(received(seen, "service-worker-allowed")).toBeNull();
  });

  it.each([
    "Strict-Transport-Security: max-age=0",
    "NEL: {}",
    "Report-To: {}",
    "X-Accel-Redirect: /a",
    "X-Sendfile: /a",
  ])("loses %s", async (line) => {
    const seen = await exchanged(plain, "GET", [], sizedAnswer("200 OK", [line, "X-Own: 1"], "x"));
    expect([received(seen, line.split(":")[0]?.toLowerCase() ?? ""), received(seen, "x-own")]).toEqual([null, "1"]);
  });

  it("is stored by no shared cache", async () => {
    const seen = await exchanged(plain, "GET", [], sizedAnswer("200 OK", ["Cache-Control: public, max-age=60"], "x"));
    expect(received(seen, "cache-control")).toBe("private, max-age=60");
  });
});

describe("what the upstream is told", () => {
  it("is how the client has reached the gateway, and nothing that the client says of it", async () => {
    const spoofed: Field[] = ["For", "Host", "Proto", "Port"].map((name) => [`X-Forwarded-${name}`, "evil"]);
    const fields: Field[] = [...spoofed, ["Forwarded", "for=evil"], ["CF-Connecting-IP", "2001:db8::1"]];
    const seen = await exchanged(plain, "GET", fields);
    expect(arrived(seen, "x-forwarded-for")).toBe("2001:db8::1");
    expect(arrived(seen, "x-forwarded-host")).toBe("api.example");
    expect(arrived(seen, "x-forwarded-proto")).toBe("http");
    expect(arrived(seen, "x-forwarded-port")).toBeNull();
    expect(arrived(seen, "forwarded")).toBe('for="[2001:db8::1]";host="api.example";proto=http');
  });

  it("has no Cache-Control and no Pragma that the client has not sent", async () => {
    const none = await exchanged(plain, "GET", [["If-None-Match", '"1"']]);
    expect([arrived(none, "cache-control"), arrived(none, "pragma"), arrived(none, "if-none-match")]).toEqual([
      null,
      null,
      '"1"',
    ]);
    const own = await exchanged(plain, "GET", [["Cache-Control", "max-age=5"]]);
    expect([arrived(own, "cache-control"), arrived(own, "pragma")]).toEqual(["max-age=5", null]);
  });

  it("has the bytes of a header that is no UTF-8, and none that it may not have", async () => {
    const fields: Field[] = [
      ["X-U", "\xe9\xff"],
      ["X-Both", "\xc3\xa9"],
      ["Cookie", "a=1"],
      ["Gatehouse-Operation", "\xe9"],
    ];
    const seen = await exchanged(plain, "POST", fields);
    expect([arrived(seen, "x-u"), arrived(seen, "x-both"), arrived(seen, "cookie")]).toEqual([
      "\xe9\xff",
      "\xc3\xa9",
      null,
    ]);
    expect([arrived(seen, "gatehouse-operation"), arrived(seen, "authorization")]).toEqual(["unknown", null]);
  });
});

describe("settings of forwarding", () => {
  let set: Started;
  beforeAll(async () => {
    set = await start({
      FORWARD_HEADERS: "X-Own, X-User-Id, X-Exchange",
      UPSTREAM_SERVES_PAGES: "true",
      UPSTREAM_AUTHORIZATION: "Basic gateway",
      ALLOWED_ORIGINS: "https://page.example",
      CORS_ALLOWED_HEADERS: "X-Own",
      CORS_EXPOSED_HEADERS: "X-Answer",
    });
  });
  afterAll(() => stop(set));

  it("forward only registered and named headers", async () => {
    const names = ["X-Own", "X-User-Id", "Accept", "If-Match", "X-Other", "Cookie", "X-Request-Id"];
    const seen = await exchanged(
      set,
      "GET",
      names.map((name): Field => [name, "a"]),
    );
    expect(names.filter((name) => arrived(seen, name.toLowerCase()) === "a")).toEqual([
      "X-Own",
      "X-User-Id",
      "Accept",
      "If-Match",
    ]);
  });

  it("let an API serve pages", async () => {
    const seen = await exchanged(
      set,
      "GET",
      [],
      sizedAnswer("200 OK", ["Content-Security-Policy: default-src a"], "x"),
    );
    expect([received(seen, "content-security-policy"), received(seen, "x-content-type-options")]).toEqual([
      "default-src a",
      null,
    ]);
  });

  it("give the upstream the gateway's own credential, whose denial is a 502", async () => {
    const seen = await exchanged(
      set,
      "GET",
      [],
      sizedAnswer("401 Unauthorized", ['WWW-Authenticate: Basic realm="a"'], "x"),
    );
    expect(arrived(seen, "authorization")).toBe("Basic gateway");
    expect(errorOf(seen)).toMatchObject({ status: 502, code: "upstream_unauthorized" });
    expect(received(seen, "www-authenticate")).toBeNull();
  });

  it("let pages of an allowed origin send conditions and read validators", async () => {
    const origin: Field = ["Origin", "https://page.example"];
    const preflight = await exchanged(set, "OPTIONS", [origin, ["Access-Control-Request-Method", "PUT"]]);
    const allowed = received(preflight, "access-control-allow-headers")?.split(", ") ?? [];
    expect(allowed).toEqual(
      expect.arrayContaining(["Authorization", "Gatehouse-Account", "If-Match", "If-None-Match", "X-Own"]),
    );
    const seen = await exchanged(set, "GET", [origin], sizedAnswer("200 OK", ['ETag: "1"'], "x"));
    const exposed = received(seen, "access-control-expose-headers")?.split(", ") ?? [];
    expect(exposed).toEqual(
      expect.arrayContaining(["ETag", "Link", "Retry-After", "Gatehouse-Request-Id", "X-Answer"]),
    );
    expect(received(seen, "access-control-allow-origin")).toBe("https://page.example");
  });

  it("keep an invalid answer a 502 for pages of an allowed origin", async () => {
    const seen = await exchanged(
      set,
      "POST",
      [["Origin", "https://page.example"]],
      answer("600 Odd", ["Content-Length: 0"]),
    );
    expect(errorOf(seen)).toMatchObject({ status: 502, code: "upstream_invalid" });
    expect(received(seen, "access-control-allow-origin")).toBe("https://page.example");
  });
});
