// The upstreams of docs/upstream.md behind the real gateway: each accepts what Gatehouse has signed for a request, and nothing else.
import { once } from "node:events";
import { createServer, type Server, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeJwt, decodeProtectedHeader, importJWK, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { newIdentityKeys } from "../../scripts/secrets.ts";
import { ACCOUNT, CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";
import { type RunningServer, startServer } from "./servers.ts";
import { UPSTREAMS, type Upstream } from "./upstreams.ts";

const NAMES = UPSTREAMS.map(({ name }) => name);
const PATH = `${CLUSTERS}/a%20b%C3%BC:1`;
const TYPE = "gatehouse-identity+jwt";

interface Started extends RunningServer {
  readonly command: readonly string[];
  readonly keySet: KeySet;
  /** The status of a valid request before the keys could be fetched. */
  readonly withoutKeys: number;
}

let gateway: WorkerdGateway;
let rotated: WorkerdGateway;
/** An identity that the gateway has made for a GET of `PATH`, since it lives for a minute only. */
let identity: string;
const upstreams = new Map<string, Started | string>();

beforeAll(async () => {
  gateway = await startWorkerdGateway();
  const { keys } = JSON.parse(gateway.secrets.IDENTITY_KEYS);
  const added = JSON.parse(await newIdentityKeys()).keys;
  rotated = await startWorkerdGateway({ secrets: { IDENTITY_KEYS: JSON.stringify({ keys: [...keys, ...added] }) } });
  identity = await identityOf(gateway);
  // Each starts while the next one is built.
  const starts = UPSTREAMS.map(async (each) => upstreams.set(each.name, await start(each)));
  const failed = (await Promise.allSettled(starts)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}, 300_000);
afterAll(async () => {
  const started = [...upstreams.values()].filter((each) => typeof each !== "string");
  await Promise.all([
    gateway.close(),
    rotated.close(),
    ...started.flatMap((each) => [each.close(), each.keySet.close()]),
  ]);
});
beforeEach(async () => {
  gateway.upstream.reset();
  identity = await identityOf(gateway);
});

/** The address of Gatehouse that an upstream knows: the key set of one of the gateways, or none. */
interface KeySet {
  readonly url: string;
  from: WorkerdGateway | null;
  fetches: number;
  close(): Promise<unknown>;
}

async function startKeySet(): Promise<KeySet> {
  const server: Server = createServer(async (request, response) => {
    keySet.fetches += 1;
    const found = keySet.from && (await fetch(keySet.from.url + request.url));
    response.writeHead(found?.status ?? 503, { "content-type": "application/json" });
    response.end(await found?.text());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.closeAllConnections();
    return once(server.close(), "close");
  };
  const keySet: KeySet = { url, from: null, fetches: 0, close };
  return keySet;
}

/** @returns the upstream, or what this machine lacks for it */
async function start({ name, install, build }: Upstream): Promise<Started | string> {
  try {
    install();
  } catch (error) {
    return `${name}: ${error instanceof Error ? error.message.split("\n")[0] : error}`;
  }
  const command = build();
  const keySet = await startKeySet();
  const server = await startServer(() => command, { GATEHOUSE_URL: keySet.url, AUDIENCE: "test-upstream" });
  const withoutKeys = await direct(server, [await sign()]);
  keySet.from = gateway;
  const accepts = async () => expect(await direct(server, [await sign()])).toBe(200);
  try {
    await vi.waitFor(accepts, { timeout: 10_000, interval: 200 });
  } catch (error) {
    await Promise.all([server.close(), keySet.close()]);
    throw error;
  }
  return { ...server, command, keySet, withoutKeys };
}

/** The identity that a gateway makes for a GET of `PATH`. */
async function identityOf({ upstream, key, call }: WorkerdGateway): Promise<string> {
  const { token } = await key({ role: "Developer" });
  await call(token, PATH);
  return String(upstream.reached.at(-1)?.headers["gatehouse-identity"]);
}

/** @returns the status of a request that does not come through the gateway */
async function direct({ port }: { port: number }, tokens: readonly string[], line = `GET ${PATH}`): Promise<number> {
  const fields = tokens.map((token) => `Gatehouse-Identity: ${token}`);
  return (await sendRaw(port, rawRequest(`${line} HTTP/1.1`, fields))).status;
}

/** Signs what the gateway has signed, with changes; by default with its own key. */
async function sign(
  changes: { readonly [claim: string]: unknown } = {},
  header = {},
  key?: JWK | Uint8Array,
): Promise<string> {
  const [own] = JSON.parse(gateway.secrets.IDENTITY_KEYS).keys as [JWK];
  const now = Math.floor(Date.now() / 1_000);
  const claims = { ...decodeJwt(identity), iat: now, exp: now + 60, ...changes };
  const given = key instanceof Uint8Array ? key : await importJWK(key ?? own, "EdDSA");
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "EdDSA", typ: TYPE, kid: own.kid as string, ...header })
    .sign(given);
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

/** Each with its tokens, and with its request line where that is another one. */
const ACCEPTED: Readonly<Record<string, () => Promise<readonly [tokens: string[], line?: string]>>> = {
  "the identity that the gateway has made, again": async () => [[identity]],
  "an identity signed as the gateway does": async () => [[await sign()]],
  "a query": async () => [[await sign()], `GET ${PATH}?path=/other&a=%2F%3F?`],
  HEAD: async () => [[await sign({ method: "HEAD" })], `HEAD ${PATH}`],
  "a clock that is four seconds behind": async () => [[await sign({ iat: inSeconds(4), exp: inSeconds(64) })]],
  "a clock that is some seconds ahead": async () => [[await sign({ iat: inSeconds(-61), exp: inSeconds(-1) })]],
};

const DENIED: typeof ACCEPTED = {
  "no identity": async () => [[]],
  "an empty identity": async () => [[""]],
  "no JWT": async () => [["a.b.c"]],
  "five parts": async () => [[`${identity}.a.b`]],
  "two identities": async () => [[identity, identity]],
  "two identities in one header": async () => [[`${identity}, ${identity}`]],
  "an expired one": async () => [[await sign({ iat: inSeconds(-70), exp: inSeconds(-10) })]],
  "one of the future": async () => [[await sign({ iat: inSeconds(30), exp: inSeconds(90) })]],
  "one without an expiry": async () => [[await sign({ exp: undefined })]],
  "one without the time of its signature": async () => [[await sign({ iat: undefined })]],
  "one without an account": async () => [[await sign({ acc: undefined })]],
  "another audience": async () => [[await sign({ aud: "another" })]],
  "another issuer": async () => [[await sign({ iss: "another" })]],
  "another type of token": async () => [[await sign({}, { typ: "gatehouse-audit+jwt" })]],
  "another path": async () => [[identity], `GET ${PATH}/nodes`],
  "a slash at the end": async () => [[identity], `GET ${PATH}/`],
  "the path in other case": async () => [[identity], `GET ${PATH.replace("%C3%BC", "%c3%bc")}`],
  "the path encoded in another way": async () => [[identity], `GET ${PATH.replace(":1", "%3A1")}`],
  "an encoded slash for a slash": async () => [[await sign({ path: "/a/b" })], "GET /a%2Fb"],
  "a slash for an encoded slash": async () => [[await sign({ path: "/a%2Fb" })], "GET /a/b"],
  "a dot segment": async () => [[identity], `GET ${PATH}/x/..`],
  "two slashes": async () => [[identity], `GET //host${PATH}`],
  "another method": async () => [[identity], `DELETE ${PATH}`],
  "HEAD with an identity for GET": async () => [[identity], `HEAD ${PATH}`],
  "GET with an identity for HEAD": async () => [[await sign({ method: "HEAD" })]],
  "a changed payload": async () => {
    const [header, , signature] = identity.split(".");
    return [[`${header}.${encode({ ...decodeJwt(identity), role: "Admin" })}.${signature}`]];
  },
  "no signature": async () => [[`${identity.split(".").slice(0, 2).join(".")}.`]],
  "no algorithm": async () => [[`${encode({ alg: "none", typ: TYPE })}.${identity.split(".")[1]}.`]],
  "no algorithm, with the name of the key": async () => {
    return [[`${encode({ ...decodeProtectedHeader(identity), alg: "none" })}.${identity.split(".")[1]}.`]];
  },
  "HS256 with the public key as its secret": async () => {
    const [{ x }] = JSON.parse(gateway.secrets.IDENTITY_KEYS).keys;
    return [[await sign({}, { alg: "HS256" }, Buffer.from(x, "base64url"))]];
  },
  "HS256 with the text of the public key as its secret": async () => {
    const [{ x }] = JSON.parse(gateway.secrets.IDENTITY_KEYS).keys;
    return [[await sign({}, { alg: "HS256" }, Buffer.from(x))]];
  },
  "a key of another gateway": async () => {
    const [key] = JSON.parse(await newIdentityKeys()).keys;
    return [[await sign({}, { kid: key.kid }, key)]];
  },
  "a key of another gateway under the name of this one's": async () => {
    const [{ kid, ...key }] = JSON.parse(await newIdentityKeys()).keys;
    return [[await sign({}, {}, key)]];
  },
  "a key that comes with the token": async () => {
    const [{ d, ...jwk }, ...none] = JSON.parse(await newIdentityKeys()).keys;
    return [[await sign({}, { kid: jwk.kid, jwk }, { ...jwk, d }), ...none]];
  },
};

/** @returns the upstream of a name, unless this machine lacks something for it */
function upstreamOf(name: string, skip: (reason: string) => never): Started {
  const upstream = upstreams.get(name);
  return upstream === undefined || typeof upstream === "string" ? skip(upstream ?? name) : upstream;
}

async function statusesOf(upstream: Started, cases: typeof ACCEPTED): Promise<Readonly<Record<string, number>>> {
  const found: [string, number][] = [];
  for (const [title, make] of Object.entries(cases)) found.push([title, await direct(upstream, ...(await make()))]);
  return Object.fromEntries(found);
}

const all = (cases: typeof ACCEPTED, status: number) =>
  Object.fromEntries(Object.keys(cases).map((title) => [title, status]));

it.for(NAMES)("gives %s who has sent a request that comes through the gateway", async (name, { skip }) => {
  const { port } = upstreamOf(name, skip);
  gateway.upstream.answer((request, response) => {
    const { method, url: path, rawHeaders: headers } = request;
    const onward = send({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  const { token, id } = await gateway.key({ role: "Developer" });
  const call = async (method: string, path: string) => {
    const response = await gateway.call(token, path, { method });
    return `${response.status} ${await response.text()}`;
  };
  const caller = `200 ${id} ${ACCOUNT} Developer\n`;
  expect(await call("GET", CLUSTERS)).toBe(caller);
  expect(await call("GET", PATH)).toBe(caller);
  expect(await call("GET", `${CLUSTERS}/%c3%bc?a=%2f&b=c?d`)).toBe(caller);
  expect(await call("HEAD", PATH)).toBe("200 ");
  expect(await call("POST", CLUSTERS)).toBe(caller);
  expect(await call("DELETE", PATH)).toBe(caller);
});

it.for(NAMES)("lets %s accept an identity for its own request only", async (name, { skip }) => {
  const upstream = upstreamOf(name, skip);
  expect(await statusesOf(upstream, ACCEPTED)).toEqual(all(ACCEPTED, 200));
  // Tomcat answers this itself, unless it is told to accept it.
  const other = name === "Spring" ? { "an encoded slash for a slash": 400 } : {};
  expect(await statusesOf(upstream, DENIED)).toEqual({ ...all(DENIED, 401), ...other });
});

it.for(NAMES)("lets %s deny a WebSocket without an identity", async (name, { skip }) => {
  const fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"];
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  const { status } = await sendRaw(upstreamOf(name, skip).port, rawRequest(`GET ${PATH} HTTP/1.1`, [...fields, key]), {
    quietMs: 500,
  });
  expect([401, 403]).toContain(status);
});

it.for(["Node", "Go", "Python", "Java"])("starts no upstream in %s without an audience", async (name, { skip }) => {
  const { command, keySet } = upstreamOf(name, skip);
  const started = startServer(() => command, { GATEHOUSE_URL: keySet.url, AUDIENCE: "" });
  await expect(started).rejects.toThrow("does not start");
});

it.for(NAMES)("lets %s deny everything while it cannot fetch the keys", async (name, { skip }) => {
  expect(upstreamOf(name, skip).withoutKeys).toBe(401);
});

it.for(NAMES)("lets %s fetch the keys at most once for many unknown ones", async (name, { skip }) => {
  const upstream = upstreamOf(name, skip);
  const before = upstream.keySet.fetches;
  for (let i = 0; i < 20; i += 1) expect(await direct(upstream, [await sign({}, { kid: `unknown-${i}` })])).toBe(401);
  expect(upstream.keySet.fetches - before).toBeLessThanOrEqual(1);
});

it("accepts in every upstream what a new key has signed, and still what the old one has", {
  timeout: 40_000,
}, async () => {
  const [old, renewed] = [await sign(), await identityOf(rotated)];
  expect(decodeProtectedHeader(renewed).kid).not.toBe(decodeProtectedHeader(old).kid);
  const started = [...upstreams.values()].filter((each) => typeof each !== "string");
  expect(started.length).toBeGreaterThan(0);
  const accepted = started.map(async (upstream) => {
    upstream.keySet.from = rotated;
    const both = () => Promise.all([direct(upstream, [renewed]), direct(upstream, [old])]);
    await vi.waitFor(async () => expect(await both()).toEqual([200, 200]), { timeout: 30_000, interval: 500 });
  });
  await Promise.all(accepted);
});
