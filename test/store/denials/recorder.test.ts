// Denied requests that wait to be written: whose are kept in a flood, and whose are not.
import { describe, expect, it } from "vitest";
import type { DeniedRequest } from "../../../src/store/denials/port.ts";
import { createDenialRecorder } from "../../../src/store/denials/recorder.ts";
import { createDenialRepository } from "../../../src/store/denials/repository.ts";
import { ACCOUNT, count, db, HOUR, NOW, OTHER_ACCOUNT } from "../builders.ts";

const denials = createDenialRepository(db, HOUR);

function newRecorder() {
  const work: Promise<unknown>[] = [];
  const recorder = createDenialRecorder(db, HOUR, (_, error) => {
    throw error;
  });
  function deny(requestId: string, changes: Partial<DeniedRequest> = {}, inFlood = false): void {
    const unknown = { path: null, operation: null, address: null, source: null, ageMs: null, version: null, steps: [] };
    const nobody = { keyId: null, accountId: null, reason: "signature_invalid" };
    const request: DeniedRequest = { requestId, at: NOW, method: "GET", ...unknown, ...nobody, ...changes };
    recorder.record(
      request,
      () => request,
      inFlood,
      (each) => void work.push(each),
    );
  }
  return {
    deny,
    /** Makes the first write, after which the next ones wait for their interval. */
    async start() {
      deny("first", { keyId: "first", accountId: ACCOUNT });
      await Promise.all(work);
    },
    flush: () => recorder.flush(NOW),
  };
}

const isKept = async (requestId: string, accountId = ACCOUNT) =>
  (await denials.find(accountId, requestId, NOW)) !== null;
const REAL = { keyId: "real", accountId: ACCOUNT, reason: "permission_missing" };

describe("a denied request of a key", () => {
  it.each([
    ["without a valid key", {}],
    ["that name its account in the path", { accountId: ACCOUNT }],
    ["of another key of its account", { keyId: "loud", accountId: ACCOUNT }],
    ["of a key of another account", { keyId: "loud", accountId: OTHER_ACCOUNT }],
  ])("is kept in a flood of requests %s", async (_, flood) => {
    const { deny, flush, start } = newRecorder();
    await start();
    deny("real", REAL);
    for (let i = 0; i < 1_000; i++) deny(`flood-${i}`, flood, i >= 80);
    deny("later", { ...REAL, keyId: "quiet" }, true);
    await flush();
    expect([await isKept("real"), await isKept("later")]).toEqual([true, true]);
    expect(await count("refused_calls")).toBe(1 + 2 + 20);
  });

  it("is kept in a flood of requests of a thousand keys of another account", async () => {
    const { deny, flush, start } = newRecorder();
    await start();
    deny("real", REAL);
    for (let i = 0; i < 2_000; i++) deny(`flood-${i}`, { keyId: `k${i % 1_000}`, accountId: OTHER_ACCOUNT });
    for (let i = 0; i < 5; i++) deny(`own-${i}`, { ...REAL, keyId: `own-${i}` });
    await flush();
    expect([await isKept("real"), await isKept("own-0"), await isKept("own-4")]).toEqual([true, true, true]);
    expect(await count("refused_calls")).toBe(1 + 200);
  });

  it("takes the place of the oldest one of its key, and none in a flood", async () => {
    const { deny, flush, start } = newRecorder();
    await start();
    for (let i = 0; i < 21; i++) deny(`own-${i}`, REAL);
    deny("own-21", REAL, true);
    await flush();
    expect([await isKept("own-0"), await isKept("own-1")]).toEqual([false, true]);
    expect([await isKept("own-20"), await isKept("own-21")]).toEqual([true, false]);
  });
});

describe("a denied request without a valid key", () => {
  it("is kept beside a flood of a key, and causes no write", async () => {
    const { deny, flush } = newRecorder();
    for (let i = 0; i < 100; i++) deny(`mistyped-${i}`);
    expect(await count("refused_calls")).toBe(0);
    for (let i = 0; i < 300; i++) deny(`flood-${i}`, { keyId: `k${i}`, accountId: OTHER_ACCOUNT });
    await flush();
    expect([await isKept("mistyped-79"), await isKept("mistyped-80"), await isKept("mistyped-99")]).toEqual([
      false,
      true,
      true,
    ]);
  });
});
