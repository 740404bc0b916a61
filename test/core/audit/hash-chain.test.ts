// The hash of an event: it covers every column, and takes any text.
import { expect, it } from "vitest";
import {
  accountStart,
  CHAIN_START,
  chainHash,
  earlierHash,
  HASHED_COLUMNS,
} from "../../../src/core/audit/hash-chain.ts";
import { anEvent } from "../../support/audit-log.ts";

it("covers every column of an event, and the hash before it", () => {
  const hashes = new Set([chainHash("x", anEvent(1)), chainHash("y", anEvent(1))]);
  for (const column of HASHED_COLUMNS) hashes.add(chainHash("x", { ...anEvent(1), [column]: "other" }));
  expect(hashes.size).toBe(2 + HASHED_COLUMNS.length);
});

it.each(["€", "\u{1f5dd}", "\u0000", "\ud800", "\udc00\ud800", "\u202e", '"', "\\"])(
  "hashes the text %j",
  (message) => {
    expect(chainHash(CHAIN_START, anEvent(1, { message }))).toMatch(/^[0-9a-f]{64}$/);
    expect(earlierHash(CHAIN_START, anEvent(1, { message }))).toMatch(/^[0-9a-f]{64}$/);
  },
);

it("begins the chain of each account elsewhere, and after the end of the earlier chain", () => {
  expect(CHAIN_START).toMatch(/^0{64}$/);
  const starts = [accountStart("a", CHAIN_START), accountStart("b", CHAIN_START), accountStart("a", "1".repeat(64))];
  expect(new Set(starts).size).toBe(3);
});
