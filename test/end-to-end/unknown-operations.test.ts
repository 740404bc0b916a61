// Operations that the table does not have: denied by default, forwarded below the API's path where that is configured.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { KEYS_PATH, V1 } from "../support/admin-client.ts";
import { ACCOUNT, CLUSTERS, OTHER_ACCOUNT } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

let denying: WorkerdGateway;
let forwarding: WorkerdGateway;
beforeAll(async () => {
  const vars = { UNKNOWN_OPERATIONS: "admin" };
  [denying, forwarding] = await Promise.all([startWorkerdGateway(), startWorkerdGateway({ vars })]);
});
afterAll(() => Promise.all([denying.close(), forwarding.close()]));
beforeEach(() => {
  denying.upstream.reset();
  forwarding.upstream.reset();
});

/** Sends a request with an Admin key. @returns the status, the code, and how many requests have reached the upstream */
async function outcome(gateway: WorkerdGateway, line: string, role: "Admin" | "Viewer" = "Admin") {
  const { token } = await gateway.key({ role });
  const lines = [`Authorization: Bearer ${token}`, "Content-Length: 0"];
  const response = await sendRaw(gateway.port, rawRequest(`${line} HTTP/1.1`, lines));
  const code = response.status === 200 ? null : JSON.parse(response.body).error.code;
  return [response.status, code, gateway.upstream.reached.length];
}

const OUTSIDE = [
  "POST /actuator/shutdown",
  "GET /actuator/env",
  "GET /metrics",
  "GET /",
  "OPTIONS /",
  `DELETE /api/public/v2/accounts/${OTHER_ACCOUNT}/clusters/c`,
  `DELETE /api/public/v2/accounts/${ACCOUNT}/clusters/c`,
  "GET /api/public/v1",
  "GET /api/public/v1x/account",
  "GET /API/public/v1/account",
  "GET /api/private/v1/account",
];
const INSIDE = [
  "GET /api/public/v1/unheard-of",
  `POST ${V1}/accounts/${ACCOUNT}/unheard-of`,
  `GET ${CLUSTERS}/c/unheard-of`,
];

describe("an operation that the table does not have", () => {
  it.each([...OUTSIDE, ...INSIDE, `GET ${V1}/accounts/${OTHER_ACCOUNT}/unheard-of`])(
    "is denied by default, even to an Admin: %s",
    async (line) => {
      expect(await outcome(denying, line)).toEqual([403, "operation_unknown", 0]);
    },
  );

  it("is denied by default with the methods that the path has", async () => {
    expect(await outcome(denying, `PATCH ${CLUSTERS}`)).toEqual([405, "method_not_allowed", 0]);
  });

  it.each(OUTSIDE)(
    "is denied outside of the API's path, also where unknown operations are forwarded: %s",
    async (line) => {
      expect(await outcome(forwarding, line)).toEqual([403, "operation_unknown", 0]);
    },
  );

  it.each([...INSIDE, `PATCH ${CLUSTERS}`])("is forwarded for an Admin where that is configured: %s", async (line) => {
    expect(await outcome(forwarding, line)).toEqual([200, null, 1]);
    forwarding.upstream.reset();
    expect(await outcome(forwarding, line, "Viewer")).toEqual([403, "permission_missing", 0]);
  });

  it("is confined to the key's account where it is forwarded", async () => {
    const foreign = `GET ${V1}/accounts/${OTHER_ACCOUNT}/unheard-of`;
    expect(await outcome(forwarding, foreign)).toEqual([404, "account_mismatch", 0]);
  });

  it("is explained as it is decided", async () => {
    for (const [gateway, decision] of [
      [denying, { allow: false, reason: "operation_unknown" }],
      [forwarding, { allow: true, reason: null }],
    ] as const) {
      const { token, id } = await gateway.key();
      const body = { api_key_id: id, method: "GET", path: "/api/public/v1/unheard-of", address: "192.0.2.1" };
      const headers = { "content-type": "application/json" };
      const init = { method: "POST", headers, body: JSON.stringify(body) };
      const response = await gateway.call(token, `${KEYS_PATH}/explain`, init);
      expect(await response.json()).toMatchObject({ data: decision });
    }
  });
});
