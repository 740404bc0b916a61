import { expect, it } from "vitest";
import { addExpiryNotice } from "../../../src/gateway/responses/expiry-notice.ts";
import { NOW } from "../../support/key.ts";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

function noticeOf(leftMs: number, upstream: Record<string, string> = {}) {
  const headers = new Headers(upstream);
  addExpiryNotice(headers, NOW + leftMs, NOW);
  return [headers.get("gatehouse-key-expires-in"), headers.get("sunset")];
}

it.each([
  [30 * DAY, "30d"],
  [3 * DAY + 5 * HOUR, "3d"],
  [DAY, "1d"],
  [DAY - 1, "23h"],
  [HOUR, "1h"],
  [HOUR - 1, "59m"],
  [MINUTE - 1, "0m"],
  [1, "0m"],
])("says of a key with %i ms left that it expires in %s", (leftMs, text) => {
  expect(noticeOf(leftMs)).toEqual([text, new Date(NOW + leftMs).toUTCString()]);
});

it.each([30 * DAY + 1, 0, -1])("says nothing of a key with %i ms left", (leftMs) => {
  expect(noticeOf(leftMs)).toEqual([null, null]);
});

it("keeps the Sunset of the upstream, which is that of the resource", () => {
  const sunset = "Wed, 11 Nov 2026 11:11:11 GMT";
  expect(noticeOf(DAY, { sunset })).toEqual(["1d", sunset]);
});
