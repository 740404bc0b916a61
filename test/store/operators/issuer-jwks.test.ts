// The keys of an issuer: how long they are believed, how often they are asked for, and what is not believed at all.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../../src/store/lib/timeouts.ts";
import { createIssuerKeys, type JwksParts } from "../../../src/store/operators/issuer-jwks.ts";

const ISSUER = "https://issuer.example";
const JWKS = "https://issuer.example/jwks";

let now: number;
let asked: string[];
let kids: string[];
let answer: (url: string) => Response | Promise<Response>;
beforeEach(() => {
  now = 1_000_000;
  asked = [];
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
};

const background = (work: Promise<unknown>) => {
  const context = createExecutionContext();
  context.waitUntil(work);
  void waitOnExecutionContext(context).catch(() => undefined);
};

function issuerKeys(at: JwksParts["at"] = { jwksUrl: JWKS }) {
  const fetch: JwksParts["fetch"] = async (url, init) => {
    asked.push(url);
    expect(init.redirect).toBe("manual");
    return answer(url);
  };
  const keys = createIssuerKeys({ at, fetch, clock });
  return async (kid: string | null) => {
    const set = await keys.keysFor(kid, background);
    return set.keys.map((key) => key.kid);
  };
}

describe("the keys of an issuer", () => {
  it("are found where discovery says, and by an address that is configured without it", async () => {
    expect(await issuerKeys({ issuer: ISSUER })("a")).toEqual(["a"]);
    expect(asked).toEqual([`${ISSUER}/.well-known/openid-configuration`, JWKS]);
    expect(await issuerKeys()("a")).toEqual(["a"]);
    expect(asked.slice(2)).toEqual([JWKS]);
  });

  it("are remembered for ten minutes and read again then", async () => {
    const keysFor = issuerKeys();
    await keysFor("a");
    now += 599_999;
    await keysFor("a");
    expect(asked).toHaveLength(1);
    now += 1;
    await keysFor("a");
    expect(asked).toHaveLength(2);
  });

  it("are read again for a key that has been rotated in, at most once in thirty seconds", async () => {
    const keysFor = issuerKeys();
    await keysFor("a");
    kids = ["a", "b"];
    for (let i = 0; i < 100; i++) expect(await keysFor("b")).toEqual(["a"]);
    expect(asked).toHaveLength(1);
    now += 30_000;
    expect(await keysFor("b")).toEqual(["a", "b"]);
    expect(asked).toHaveLength(2);
  });

  it("are asked for once by many callers at the same time", async () => {
    const keysFor = issuerKeys();
    await Promise.all(Array.from({ length: 50 }, () => keysFor("a")));
    expect(asked).toHaveLength(1);
  });

  it("live on what is remembered through an outage, until the ten minutes are over; then nobody is judged", async () => {
    const keysFor = issuerKeys();
    await keysFor("a");
    answer = () => new Response("down", { status: 503 });
    now += 500_000;
    expect(await keysFor("a")).toEqual(["a"]);
    now += 100_000;
    await expect(keysFor("a")).rejects.toThrow("the issuer's keys cannot be read");
    // Within the cooldown nobody asks again, so a flood cannot make an outage worse.
    for (let i = 0; i < 20; i++) await expect(keysFor("a")).rejects.toThrow();
    expect(asked).toHaveLength(2);
    now += 30_000;
    answer = () => Response.json({ keys: [{ kty: "OKP", kid: "a" }] });
    expect(await keysFor("a")).toEqual(["a"]);
  });

  it("are not called unknown while they cannot be read again", async () => {
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
  ])("are not taken out of %s", async (_, odd) => {
    answer = odd;
    await expect(issuerKeys()("a")).rejects.toThrow("the issuer's keys cannot be read");
  });

  it.each([
    ["another issuer's", { issuer: "https://evil.example", jwks_uri: JWKS }],
    ["one that names plain http", { issuer: ISSUER, jwks_uri: "http://issuer.example/jwks" }],
    ["one that names nothing", { issuer: ISSUER }],
  ])("are not looked for behind a discovery document that is %s", async (_, document) => {
    answer = () => Response.json(document);
    await expect(issuerKeys({ issuer: ISSUER })("a")).rejects.toThrow("the issuer's keys cannot be read");
    expect(asked).toHaveLength(1);
  });
});
