// The formats of events, and that names which users choose stay data in each of them.
import { expect, it } from "vitest";
import type { DeliveredEvent } from "../../../src/core/events/delivered-event.ts";
import { payloadOf } from "../../../src/core/events/payload.ts";

const EVENT: DeliveredEvent = {
  ...{ id: "0f3b1c52-6d0a-4a7e-9c55-2f8f0c1d7a10", accountId: "531af27a-614c-472f-8edb-a0f9322f0838" },
  ...{ accountName: "one", eventType: "REVOKE", resourceType: "API_KEY" },
  ...{ resourceId: "00000000-0000-4000-8000-00000000ac70", resourceName: "ci" },
  actor: { type: "OPERATOR", id: "o1", name: "ada@example.com", address: "192.0.2.1", requestId: "req-1" },
  ...{ message: "API key ci was revoked", createdAt: Date.UTC(2026, 10, 23, 12) },
};
const HOSTILE = {
  ...EVENT,
  message: "a|b\\c=d\r\nCEF:0|x <!channel> <https://evil.example|click> &",
  resourceName: "n=1 src=9.9.9.9",
};

const bodyOf = (format: "standard" | "slack" | "cef" | "ocsf", event = EVENT) =>
  payloadOf(format, event, { entity_id: event.resourceId, hash: "h" }).body;

it("writes an event as Standard Webhooks, without the hash that comes later", () => {
  expect(JSON.parse(bodyOf("standard"))).toEqual({
    ...{ type: "api_key.revoke", timestamp: "2026-11-23T12:00:00.000Z", data: { entity_id: EVENT.resourceId } },
  });
});

it("writes an event for Slack, in which no name is a link or a mention", () => {
  const { text, blocks } = JSON.parse(bodyOf("slack", HOSTILE));
  expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
  for (const block of blocks) for (const each of block.elements ?? [block.text]) expect(each.type).toBe("plain_text");
  expect(JSON.parse(bodyOf("slack")).text).toBe("API key ci was revoked");
  const long = JSON.parse(bodyOf("slack", { ...EVENT, message: "😀".repeat(5_000) }));
  expect(long.blocks[0].text.text.length).toBeLessThan(3_000);
});

it("writes an event as one line of CEF, in which no name ends a field", () => {
  expect(bodyOf("cef")).toBe(
    "CEF:0|Gatehouse|Gatehouse|1|api_key.revoke|API key ci was revoked|5|rt=1795435200000 " +
      "externalId=0f3b1c52-6d0a-4a7e-9c55-2f8f0c1d7a10 cs1Label=accountId cs1=531af27a-614c-472f-8edb-a0f9322f0838 " +
      "cs2Label=resourceType cs2=API_KEY cs3Label=resourceId cs3=00000000-0000-4000-8000-00000000ac70 " +
      "cs4Label=resourceName cs4=ci cs5Label=actorType cs5=OPERATOR cs6Label=requestId cs6=req-1 suid=o1 " +
      "suser=ada@example.com src=192.0.2.1",
  );
  const line = bodyOf("cef", HOSTILE);
  expect(line.split(/[\r\n]/)).toHaveLength(1);
  expect(line.split(/(?<!\\)\|/)).toHaveLength(8);
  expect([...line.matchAll(/ src=/g)]).toHaveLength(1);
  expect(line).toContain("cs4=n\\=1 src\\=9.9.9.9");
  const v6 = bodyOf("cef", { ...EVENT, actor: { ...EVENT.actor, address: "2001:db8::1" } });
  expect(v6).toContain("c6a2=2001:db8::1");
});

it.each([
  ["CREATE", 1],
  ["EDIT", 3],
  ["DELETE", 4],
  ["REVOKE", 99],
])("writes %s as activity %i of OCSF", (eventType, activity) => {
  const event = JSON.parse(bodyOf("ocsf", { ...EVENT, eventType }));
  expect(event).toMatchObject({ class_uid: 6003, category_uid: 6, activity_id: activity, type_uid: 600300 + activity });
  // What the class requires.
  for (const name of ["activity_id", "actor", "api", "category_uid", "class_uid", "cloud", "metadata", "severity_id"]) {
    expect(event).toHaveProperty(name);
  }
  for (const name of ["src_endpoint", "time", "type_uid"]) expect(event).toHaveProperty(name);
  expect(event.time).toBe(EVENT.createdAt);
});

it("writes the same body for every try", () => {
  for (const format of ["standard", "slack", "cef", "ocsf"] as const) {
    expect(bodyOf(format)).toBe(payloadOf(format, EVENT, { entity_id: EVENT.resourceId, hash: null }).body);
  }
});
