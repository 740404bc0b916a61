// Nothing of one request is in another, whatever the gateway keeps from one to the next: headers, identities, the client's origin.
import { expect, it } from "vitest";
import type { KeyRecord } from "../../../src/core/access/principal.ts";
import { DEVELOPER, VIEWER } from "../../../src/core/access/roles.ts";
import { mintKey } from "../../../src/core/token/api-key-token.ts";
import { handleRequest } from "../../../src/gateway/handle-request.ts";
import { ACCOUNT_ID, aKey, NOW } from "../../support/key.ts";
import { type Random, rounds, seededRandom } from "../../support/random.ts";
import { found, openGateway, RING, type Sent } from "../gateway-harness.ts";

const ids = [1, 2, 3, 4].map((n) => `${n}7f1a2c3-4b5d-4e6f-8a9b-0c1d2e3f4a5b`);
const keys = await Promise.all(
  ids.map(async (id, i) => {
    const { token, hash } = await mintKey(RING, { keyId: id, accountId: ACCOUNT_ID, expiresAt: null, now: NOW });
    const { name, grant } = i % 2 === 0 ? DEVELOPER : VIEWER;
    return { token, hash, record: aKey({ id, role: { id: i % 2 === 0 ? DEVELOPER.id : VIEWER.id, name, grant } }) };
  }),
);
const HOSTS = ["a.example", "b.example:8443"];
const PATHS = ["projects", "projects/p/clusters", "projects/q/clusters", "tasks"];
const NAMES = ["accept", "if-none-match", "range", "x-custom", "idempotency-key", "user-agent"];
const ADDRESSES = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];

interface Planned {
  readonly number: string;
  readonly request: Request;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly claims: object;
}

/** A request, and what the upstream must get of it, written down without the gateway's code. */
function plan(random: Random, count: number): Planned {
  const { token, record } = random.pick(keys);
  const [host, path, address] = [random.pick(HOSTS), random.pick(PATHS), random.pick(ADDRESSES)];
  const method = random.pick(["GET", "GET", "HEAD"]);
  const own: Record<string, string> = {};
  for (let i = random.below(5); i > 0; i--) own[random.pick(NAMES)] = random.pick(["a", "b", `value ${count}`]);
  const target = `/api/public/v1/accounts/${ACCOUNT_ID}/${path}`;
  const request = new Request(`https://${host}${target}?n=${count}`, {
    method,
    headers: { ...own, authorization: `Bearer ${token}`, "cf-connecting-ip": address },
  });
  const node = address.includes(":") ? `"[${address}]"` : address;
  return {
    number: String(count),
    request,
    url: `https://upstream.example${target}?n=${count}`,
    method,
    headers: {
      ...own,
      "gatehouse-request-id": `request-${count}`,
      "x-forwarded-for": address,
      "x-forwarded-host": host,
      "x-forwarded-proto": "https",
      forwarded: `for=${node};host="${host}";proto=https`,
    },
    claims: {
      sub: record.id,
      acc: record.accountId,
      role: record.role.name,
      role_id: record.role.id,
      method,
      path: target,
    },
  };
}

/** What the upstream got: without the operation, and with the claims of the identity in place of their signed form. */
function seenOf({ url, call }: Sent) {
  const { "gatehouse-identity": identity = "", "gatehouse-operation": operation, ...headers } = call.headers;
  const payload = JSON.parse(Buffer.from(identity.split(".")[1] ?? "", "base64url").toString());
  const { sub, acc, role, role_id, method, path } = payload;
  return { url, method: call.method, headers, claims: { sub, acc, role, role_id, method, path } };
}

it("nothing of one request is in another, in 10,000 random pairs at the same time", async () => {
  const random = seededRandom(79);
  const records = new Map<string, KeyRecord>(keys.map(({ hash, record }) => [hash, record]));
  const sent = new Map<string, Sent>();
  let count = 0;
  const { gateway } = openGateway({
    samples: false,
    requestId: () => `request-${count}`,
    async answer(each) {
      const number = new URL(each.url).searchParams.get("n") ?? "";
      sent.set(number, each);
      // The other request of the pair is on its way as well.
      await Promise.resolve();
      return new Response(each.call.method === "HEAD" ? null : number, { headers: { "x-number": number } });
    },
  });
  const getCached = (hash: string) => found(records.get(hash) ?? null);
  const shared = { ...gateway, keys: { ...gateway.keys, getCached } };
  for (let round = rounds(10_000); round > 0; round--) {
    sent.clear();
    const pair: [Planned, Promise<Response>][] = [];
    for (let i = 0; i < 2; i++) {
      count += 1;
      const planned = plan(random, count);
      pair.push([planned, handleRequest(planned.request, shared, () => undefined)]);
    }
    for (const [{ number, url, method, headers, claims }, answer] of pair) {
      const { status, headers: got } = await answer;
      expect([status, got.get("x-number"), got.get("gatehouse-request-id")]).toEqual([
        200,
        number,
        `request-${number}`,
      ]);
      expect(seenOf(sent.get(number) as Sent)).toEqual({ url, method, headers, claims });
    }
  }
}, 120_000);
