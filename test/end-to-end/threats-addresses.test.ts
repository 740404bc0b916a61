// Threat G (docs/threats.md): addresses and rules that two parsers could read as different networks.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

let gateway: WorkerdGateway;
const keys = new Map<string, string>();
beforeAll(async () => {
  gateway = await startWorkerdGateway();
  for (const rule of ["10.0.0.0/8", "2001:db8::1/128", "2001:db8::/32", "0.0.0.0/0", "::/0", "127.0.0.1/32"])
    keys.set(rule, (await gateway.key({ role: "Viewer", rules: [rule] })).token);
});
afterAll(() => gateway.close());
beforeEach(() => gateway.upstream.reset());

const from = (address: string | null, token = "") => {
  const lines = address === null ? [] : [`CF-Connecting-IP: ${address}`];
  return sendRaw(gateway.port, rawRequest(`GET ${CLUSTERS} HTTP/1.1`, [...lines, `Authorization: Bearer ${token}`]));
};

describe("client address", () => {
  it.each([
    ["71", "10.0.0.0/8", "::ffff:10.0.0.1"],
    ["71", "10.0.0.0/8", "::FFFF:0a00:0001"],
    ["71", "10.0.0.0/8", "0:0:0:0:0:ffff:10.1.2.3"],
    ["79", "2001:db8::1/128", "2001:DB8:0:0::1"],
    ["79", "2001:db8::1/128", "2001:0db8:0000:0000:0000:0000:0000:0001"],
    ["83", "0.0.0.0/0", "203.0.113.1"],
    ["83", "::/0", "2001:db8::1"],
    ["50", "2001:db8::/32", "2001:db8:ffff::"],
  ])("row %s: allows an address in %s in any spelling: %s", async (_, rule, address) => {
    expect((await from(address, keys.get(rule))).status).toBe(200);
  });

  it.each([
    ["73", "10.0.0.0/8", ["010.0.0.1", "0x0a.0.0.1", "10.1", "167772161", "10.0.0.01", "10.0.0.256", "10.0.0.0x1"]],
    ["73", "10.0.0.0/8", ["10.0.0.1.", ".10.0.0.1", "10..0.1", "10.0.0.1/32", "10.0.0.1:80", "+10.0.0.1", "1e1.0.0.1"]],
    ["73", "10.0.0.0/8", ["10.0.0.1, 10.0.0.1", "10.0.0.1 10.0.0.1", "10.0.0.1\x00", "\xb910.0.0.1", "10.0.0.1;"]],
    ["73", "10.0.0.0/8", ["::10.0.0.1", "::ffff:10.1", "64:ff9b::10.0.0.1", "2002:0a00:0001::", "::ffff:0:10.0.0.1"]],
    ["77", "2001:db8::/32", ["2001:db8::1%eth0", "[2001:db8::1]", "2001:db8::1%", "2001:db8:::1", "2001:db8::1::"]],
    ["77", "10.0.0.0/8", ["::ffff:10.0.0.1%1", "fe80::1%eth0"]],
    ["81", "10.0.0.0/8", ["2001:db8::1", "::1", "::", "a00::1"]],
    ["81", "0.0.0.0/0", ["2001:db8::1", "::1"]],
    ["81", "::/0", ["10.0.0.1", "::ffff:10.0.0.1"]],
    ["50", "127.0.0.1/32", ["localhost", "2a06:98c0:3600::103", "unknown", "", "null", "127.1", "::1"]],
  ])("row %s: denies an address that is not strictly one in %s: %s", async (_, rule, addresses) => {
    for (const address of addresses) {
      const response = await from(address, keys.get(rule));
      expect([403, 400], address).toContain(response.status);
    }
    expect(gateway.upstream.reached).toEqual([]);
  });

  it("denies a restricted key when there is no client address or more than one", async () => {
    for (const token of keys.values()) expect((await from(null, token)).status).toBe(403);
    const lines = ["CF-Connecting-IP: 10.0.0.1", "CF-Connecting-IP: 10.0.0.1"];
    const token = keys.get("10.0.0.0/8");
    const request = rawRequest(`GET ${CLUSTERS} HTTP/1.1`, [...lines, `Authorization: Bearer ${token}`]);
    expect((await sendRaw(gateway.port, request)).status).toBe(403);
    expect(gateway.upstream.reached).toEqual([]);
  });
});

describe("stored allow list rule", () => {
  it("84: denies every address for an empty rule set and none for a key without rules", async () => {
    const nobody = await gateway.key({ role: "Viewer", rules: [] });
    expect((await from("10.0.0.1", nobody.token)).status).toBe(403);
    const everybody = await gateway.key({ role: "Viewer" });
    expect((await from(null, everybody.token)).status).toBe(200);
  });

  it.each(["10/8", "010.0.0.0/8", "10.0.0.0/08", "10.0.0.1/8", "::ffff:10.0.0.0/104", "x", "10.0.0.0/8 "])(
    "84: answers 503 for a corrupt stored rule: %s",
    async (rule) => {
      const { token } = await gateway.key({ role: "Viewer", rules: [rule] });
      expect((await from("10.0.0.1", token)).status).toBe(503);
      expect(gateway.upstream.reached).toEqual([]);
      expect(await gateway.logs()).toContainEqual(expect.objectContaining({ kind: "fault", status: 503 }));
    },
  );
});
