// Requests that stay open over a real socket: they end when their key does, and when their client leaves.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCOUNT, CLUSTERS } from "../support/gatehouse.ts";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";
import { hasSeen, type Observed, play, type Route, requestIsWhole } from "./exchange.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";
import type { Step } from "./script.ts";
import { answer, chunk, earlyAnswer, LAST_CHUNK, OK, round } from "./table/build.ts";

let upstream: RawUpstream;
let gateway: WorkerdGateway;
beforeAll(async () => {
  upstream = await startRawUpstream();
  gateway = await startWorkerdGateway({ vars: { ...FORWARD_ALL, UPSTREAM_URL: upstream.url } });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

interface Parts {
  readonly method?: string;
  readonly fields?: readonly (readonly [string, string])[];
  readonly content?: readonly Step[];
  readonly answer?: readonly Step[];
  /** Whether the key is revoked while the request is open. */
  readonly revoked?: boolean;
}

/** Plays a request of a key that is revoked half a second after it was sent. */
async function played(parts: Parts): Promise<Observed> {
  const key = await gateway.key();
  const route: Route = { port: gateway.port, upstream, token: key.token };
  const { method = "GET", revoked = true, ...rest } = parts;
  const exchange = { title: "", rounds: [round(method, { target: CLUSTERS, ...rest })] };
  const revoke = async () => {
    await new Promise((resume) => setTimeout(resume, 500));
    await gateway.env.DB.prepare("UPDATE api_keys SET revoked_at = 1, version = 2 WHERE id = ?").bind(key.id).run();
  };
  const [[seen]] = await Promise.all([play(exchange, route), revoked ? revoke() : null]);
  if (seen === undefined) throw new Error("nothing was played");
  return seen;
}

/** What a client gets in seven seconds, a part in each half of one. */
const goingOn = (part: Step): Step[] => Array.from({ length: 14 }, (): Step[] => [part, { pauseMs: 500 }]).flat();
const CHUNKED: readonly [string, string] = ["Transfer-Encoding", "chunked"];
const sized = (length: number): readonly [string, string] => ["Content-Length", String(length)];

describe.concurrent("a response that stays open", () => {
  it.each([
    ["a stream of events", ["Transfer-Encoding: chunked", "Content-Type: text/event-stream"], chunk("data: 1\n\n")],
    ["JSON lines", ["Transfer-Encoding: chunked", "Content-Type: application/x-ndjson"], chunk('{"a":1}\n')],
    ["chunks of any type", ["Transfer-Encoding: chunked"], chunk("x")],
    ["a long download", ["Content-Length: 2000000"], Buffer.alloc(1_000, "x")],
    ["a long part of a download", ["Content-Length: 2000000", "Content-Range: bytes 0-1999999/3000000"], "x"],
    ["a coded stream", ["Transfer-Encoding: chunked", "Content-Encoding: zstd"], chunk("x")],
  ] as const)(
    "is cut when its key is revoked: %s",
    async (_, fields, part) => {
      const seen = await played({ answer: [...answer("200 OK", fields), ...goingOn(part), LAST_CHUNK] });
      expect(seen.response.final?.startLine).toBe("HTTP/1.1 200 OK");
      expect(seen.response.final?.complete).toBe(false);
      expect(seen.response.ended).not.toBeNull();
      expect(seen.arrivals).toMatchObject([{ abandoned: true }]);
    },
    20_000,
  );

  it("stays open while its key allows it", async () => {
    const steps = [...answer("200 OK", ["Transfer-Encoding: chunked"]), ...goingOn(chunk("x")), LAST_CHUNK];
    const seen = await played({ answer: steps, revoked: false });
    expect(seen.response.final).toMatchObject({ complete: true, body: Buffer.from("x".repeat(14)) });
  }, 20_000);

  it("logs why it was cut", async () => {
    const steps = [
      ...answer("206 Partial Content", ["Transfer-Encoding: chunked"]),
      ...goingOn(chunk("x")),
      LAST_CHUNK,
    ];
    await played({ answer: steps });
    const events = await gateway.logs();
    expect(events).toContainEqual(expect.objectContaining({ verdict: "deny", reason: "key_revoked", status: 206 }));
  }, 20_000);
});

describe.concurrent("an export of the audit log", () => {
  const EVENTS = 1_500;
  const LENGTH = 20_000;

  /** More events than all buffers on the way hold. */
  async function insertEvents(): Promise<void> {
    const insert = `INSERT INTO audit_events (id, account_id, event_type, resource_type, resource_id, resource_name,
        actor_type, actor_name, message, created_at)
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
      SELECT printf('%036d', n), ?, 'CREATE', 'API_KEY', '', '', 'SYSTEM', '', printf('%.*c', ?, 'x'), 1 FROM numbers`;
    await gateway.env.DB.prepare(insert).bind(EVENTS, ACCOUNT, LENGTH).run();
  }

  it("is cut when its key is revoked while a slow client reads it", async () => {
    await insertEvents();
    const [key, other] = await Promise.all([gateway.key(), gateway.key()]);
    const path = `/api/public/v1/accounts/${ACCOUNT}/audit/events`;
    const start = (token: string) => {
      const headers = { accept: "application/x-ndjson", authorization: `Bearer ${token}` };
      return fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers });
    };
    const exports = await Promise.all([start(key.token), start(other.token)]);
    await gateway.env.DB.prepare("UPDATE api_keys SET revoked_at = 1, version = 2 WHERE id = ?").bind(key.id).run();
    await new Promise((resume) => setTimeout(resume, 6_000));
    const [ended, whole] = await Promise.allSettled(exports.map((response) => response.text()));
    expect(exports.map(({ status }) => status)).toEqual([200, 200]);
    expect(ended?.status).toBe("rejected");
    expect(whole).toMatchObject({ status: "fulfilled" });
    if (whole?.status === "fulfilled") expect(whole.value.length).toBeGreaterThan(EVENTS * LENGTH);
  }, 30_000);
});

describe.concurrent("a slow request body", () => {
  it.each([
    ["short", [sized(10)], "hello", "world"],
    ["in chunks", [CHUNKED], chunk("hello"), Buffer.concat([chunk("world"), Buffer.from(LAST_CHUNK)])],
    ["long", [sized(100_010)], Buffer.alloc(100_000), "0123456789"],
  ] as const)(
    "does not reach the upstream in full after its key was revoked: %s",
    async (_, fields, first, rest) => {
      const content = [first, { pauseMs: 2_000 }, rest];
      const seen = await played({ method: "POST", fields, content, answer: OK });
      expect(seen.arrivals.filter(({ message }) => message.complete)).toEqual([]);
      expect(seen.response.final?.startLine).toBe("HTTP/1.1 401 Unauthorized");
      expect(seen.response.final?.body.toString()).toContain("Invalid JWT");
    },
    20_000,
  );

  it("reaches the upstream in full while its key allows it", async () => {
    const content = ["hello", { pauseMs: 2_000 }, "world"];
    const seen = await played({ method: "POST", fields: [sized(10)], content, revoked: false });
    expect(seen.response.final?.startLine).toBe("HTTP/1.1 200 OK");
    expect(seen.arrivals).toMatchObject([{ message: { complete: true, body: Buffer.from("helloworld") } }]);
  }, 20_000);

  it("ends within five seconds of its key, however long it stays open", async () => {
    const content = [...goingOn(chunk("part")), LAST_CHUNK];
    const seen = await played({ method: "PUT", fields: [CHUNKED], content, answer: OK });
    expect(seen.arrivals).toMatchObject([{ message: { complete: false } }]);
    expect(seen.arrivals[0]?.message.body.length).toBeLessThan(60);
  }, 20_000);
});

describe.concurrent("a client that leaves", () => {
  const UNTIL_ENDED: Step = { until: () => false };

  it.each([
    ["before the answer to a GET", "GET", [], [{ pauseMs: 1_500 }]],
    ["before the answer to a POST", "POST", [sized(2)], ["{}", { pauseMs: 1_500 }]],
    ["before the answer to a chunked POST", "POST", [CHUNKED], [chunk("{}"), LAST_CHUNK, { pauseMs: 1_500 }]],
  ] as const)(
    "ends its request at the upstream %s",
    async (_, method, fields, content) => {
      const steps = [...content, { end: "reset" as const }];
      const seen = await played({
        method,
        fields,
        content: steps,
        answer: [requestIsWhole, UNTIL_ENDED],
        revoked: false,
      });
      expect(seen.arrivals).toMatchObject([{ abandoned: true }]);
    },
    20_000,
  );

  it("ends its request at the upstream while the response streams", async () => {
    const stream = [...earlyAnswer("200 OK", ["Transfer-Encoding: chunked"]), chunk("data"), UNTIL_ENDED];
    const content = [hasSeen("data"), { end: "reset" as const }];
    const seen = await played({ content, answer: [requestIsWhole, ...stream], revoked: false });
    expect(seen.arrivals).toMatchObject([{ abandoned: true }]);
  }, 20_000);
});
