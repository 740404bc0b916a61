// Content codings: every client gets a response that it can decode, whatever coding the upstream chose.
import { request as httpRequest } from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CLUSTERS, type Gatehouse, startGatehouse } from "../support/gatehouse.ts";

let gatehouse: Gatehouse;
let token: string;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  token = (await gatehouse.key()).token;
  gatehouse.upstream.answer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    response.end(gzipSync('{"data":[]}'));
  });
});
afterAll(() => gatehouse.close());

// Node's fetch always sends Accept-Encoding; node:http can leave it out.
function get(headers: Record<string, string>): Promise<{ encoding: string | undefined; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      gatehouse.url + CLUSTERS,
      { headers: { authorization: `Bearer ${token}`, ...headers } },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part) => parts.push(part));
        response.on("end", () =>
          resolve({ encoding: response.headers["content-encoding"], body: Buffer.concat(parts) }),
        );
      },
    );
    call.on("error", reject);
    call.end();
  });
}

it("decodes a compressed response for a client that did not ask for compression", async () => {
  const { encoding, body } = await get({});
  expect(encoding).toBeUndefined();
  expect(body.toString()).toBe('{"data":[]}');
});

it("decodes a compressed response for a client that accepts another coding only", async () => {
  const { body } = await get({ "accept-encoding": "identity" });
  expect(body.toString()).toBe('{"data":[]}');
});

it("forwards a compressed response to a client that accepts it", async () => {
  const { encoding, body } = await get({ "accept-encoding": "gzip" });
  expect(encoding).toBe("gzip");
  expect(gunzipSync(body).toString()).toBe('{"data":[]}');
});
