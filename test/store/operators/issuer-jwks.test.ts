// The keys of an issuer: how long they are cached, how often they are fetched, and which responses are rejected.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../../src/store/lib/timeouts.ts";
import { createIssuerKeys, type JwksParts } from "../../../src/store/operators/issuer-jwks.ts";

const ISSUER = "https://issuer.example";
const JWKS = "https://issuer.example/jwks";

let now: number;
let fetched: string[];
let kids: string[];
let answer: (url: string) => Response | Promise<Response>;
beforeEach(() => {
  now = 1_000_000;
  fetched = [];
  kids = ["a"];
  answer = (url) =>
    Response.json(
      url.endsWith("/jwks") ? { keys: kids.map((kid) => ({ kty: "OKP", kid })) } : { issuer: ISSUER, jwks_uri: JWKS },
    );
});

const timers: { at: number; run: () => void }[] = [];
const clock: Clock = {
  now: () => now,
  after(delayMs, run) {
    const timer = { at: now + delayMs, run };
    timers.push(timer);
    return () => timers.splice(timers.indexOf(timer), 1);
  },
  pause: () => new Promise((resume) => setTimeout(resume, 0)),
};

const background = (work: Promise<unknown>) => {
  const context = createExecutionContext();
  context.waitUntil(work);
  void waitOnExecutionContext(context).catch(() => undefined);
};

function issuerKeys(at: JwksParts["at"] = { jwksUrl: JWKS }) {
  const fetch: JwksParts["fetch"] = async (url, init) => {
    fetched.push(url);
    expect(init.redirect).toBe("manual");
    return answer(url);
  };
  const keys = createIssuerKeys({ at, fetch, clock });
  return async (kid: string | null) => {
    const set = await keys.keysFor(kid, background);
    return set.keys.map((key) => key.kid);
  };
}

describe("createIssuerKeys", () => {
  it("fetches the keys of an issuer by discovery or from a configured URL", async () => {
    expect(await issuerKeys({ issuer: ISSUER })("a")).toEqual(["a"]);
    expect(fetched).toEqual([`${ISSUER}/.well-known/openid-configuration`, JWKS]);
    expect(await issuerKeys()("a")).toEqual(["a"]);
    expect(fetched.slice(2)).toEqual([JWKS]);
  });

  it("caches the keys of an issuer for ten minutes", async () => {
    const keysFor = issuerKeys();
    await keysFor("a");
    now += 599_999;
    await keysFor("a");
    expect(fetched).toHaveLength(1);
    now += 1;
    await keysFor("a");
    expect(fetched).toHaveLength(2);
  });

  it("fetches again when the clock was set back", async () => {
    const keysFor = issuerKeys();
    now += 3_600_000;
    await keysFor("a");
    now -= 3_600_000;
    await keysFor("a");
    expect(fetched).toHaveLength(2);
  });

  it("fetches again for an unknown key, at most once in thirty seconds", async () => {
    const keysFor = issuerKeys();
    await keysFor("a");
    kids = ["a", "b"];
    for (let i = 0; i < 100; i++) expect(await keysFor("b")).toEqual(["a"]);
    expect(fetched).toHaveLength(1);
    now += 30_000;
    expect(await keysFor("b")).toEqual(["a", "b"]);
    expect(fetched).toHaveLength(2);
  });

  it("fetches once for many concurrent requests", async () => {
    const keysFor = issuerKeys();
    await Promise.all(Array.from({ length: 50 }, () => keysFor("a")));
    expect(fetched).toHaveLength(1);
  });

  it("serves cached keys during an outage for ten minutes, and then throws", async () => {
    const keysFor = issuerKeys();
    await keysFor("a");
    answer = () => new Response("down", { status: 503 });
    now += 500_000;
    expect(await keysFor("a")).toEqual(["a"]);
    now += 100_000;
    await expect(keysFor("a")).rejects.toThrow("the issuer's keys cannot be read");
    // No fetch within the cooldown, so that a flood of tokens cannot make an outage worse.
    for (let i = 0; i < 20; i++) await expect(keysFor("a")).rejects.toThrow();
    expect(fetched).toHaveLength(2);
    now += 30_000;
    answer = () => Response.json({ keys: [{ kty: "OKP", kid: "a" }] });
    expect(await keysFor("a")).toEqual(["a"]);
  });

  it("throws for an unknown key while the issuer cannot be reached", async () => {
    const keysFor = issuerKeys();
    await keysFor("a");
    now += 30_000;
    answer = () => {
      throw new Error("connection refused");
    };
    await expect(keysFor("b")).rejects.toThrow();
    expect(await keysFor("a")).toEqual(["a"]);
  });

  it.each([
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://evil.example" } })],
    ["a page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["a set without keys", () => Response.json({ keys: null })],
    ["a set without end", () => new Response(`{"keys":[],"x":"${"x".repeat(300_000)}"}`)],
  ])("takes no keys from %s", async (_, invalid) => {
    answer = invalid;
    await expect(issuerKeys()("a")).rejects.toThrow("the issuer's keys cannot be read");
  });

  it.each([
    ["another issuer's", { issuer: "https://evil.example", jwks_uri: JWKS }],
    ["one that names plain http", { issuer: ISSUER, jwks_uri: "http://issuer.example/jwks" }],
    ["one that names nothing", { issuer: ISSUER }],
  ])("does not follow a discovery document that is %s", async (_, document) => {
    answer = () => Response.json(document);
    await expect(issuerKeys({ issuer: ISSUER })("a")).rejects.toThrow("the issuer's keys cannot be read");
    expect(fetched).toHaveLength(1);
  });
});
