// Bodies on their way to the upstream: what is broken off stays so, and no body is completed for a key that has ended.
import { beforeEach, expect, it, vi } from "vitest";
import type { Decision } from "../../../src/core/access/decision.ts";
import type { Reauthorization } from "../../../src/gateway/proxy/reauthorize.ts";
import { copyBody, isReadFirst, readFirst } from "../../../src/gateway/proxy/request-body.ts";
import { aKey } from "../../support/key.ts";

const ALLOW: Decision = { allow: true, principal: aKey() };
const DENY: Decision = { allow: false, denial: { reason: "key_revoked", revokedAt: 1 } };
const DENIED = { failure: "denied", denial: { reason: "key_revoked", revokedAt: 1 }, cause: null };

let now = 0;
let asked = 0;
beforeEach(() => {
  now = 0;
  asked = 0;
});

function reauthorization(decide: () => Decision = () => DENY): Reauthorization {
  return {
    now: () => now,
    firstAfterMs: 5_000,
    async decide() {
      asked += 1;
      return decide();
    },
    isAllowed: async () => true,
    identityOf: ({ role }) => role.name,
  };
}

/** A body whose parts come with a delay before each: `[ms, text]`; an error breaks it off. */
function slowly(parts: readonly (readonly [number, string | Error])[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const [delay, part] = parts[next++] ?? [0, ""];
      now += delay;
      if (part instanceof Error) controller.error(part);
      else if (part !== "") controller.enqueue(new TextEncoder().encode(part));
      else {
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
  });
}

/** What an upstream gets of a body, and whether it is complete there. */
async function copied(
  parts: readonly (readonly [number, string | Error])[],
  length: string | null,
  open: Reauthorization,
  limit = Number.POSITIVE_INFINITY,
) {
  let text = "";
  let complete = false;
  const writable = new WritableStream<Uint8Array>({
    write(part) {
      if (text.length >= limit) throw new Error("gone");
      text += new TextDecoder().decode(part);
    },
    close() {
      complete = true;
    },
  });
  const failure = await copyBody(slowly(parts), writable, length, open);
  return { failure, text, complete: complete || text.length === Number(length ?? Number.NaN) };
}

it("copies a body part by part, and asks nobody again about a quick one", async () => {
  const parts = [
    [0, "ab"],
    [900, "cd"],
  ] as const;
  for (const length of [null, "4"])
    expect(await copied(parts, length, reauthorization())).toEqual({ failure: null, text: "abcd", complete: true });
  expect(asked).toBe(0);
});

it("does not complete a slow body of a key that has ended", async () => {
  const parts = [
    [0, "ab"],
    [1_001, "cd"],
  ] as const;
  expect(await copied(parts, "4", reauthorization())).toEqual({ failure: DENIED, text: "ab", complete: false });
  expect(await copied([...parts, [0, ""]], null, reauthorization())).toMatchObject({
    failure: DENIED,
    complete: false,
  });
});

it("does not complete a body of a key that has ended when the clock was set back meanwhile", async () => {
  const parts = [
    [0, "ab"],
    [-60_000, "cd"],
  ] as const;
  for (const length of ["4", null]) {
    now = 0;
    expect(await copied([...parts, [0, ""]], length, reauthorization())).toMatchObject({
      failure: DENIED,
      complete: false,
    });
  }
});

it("completes a slow body of a key that still allows it", async () => {
  const parts = [
    [0, "ab"],
    [60_000, "cd"],
  ] as const;
  expect(
    await copied(
      parts,
      "4",
      reauthorization(() => ALLOW),
    ),
  ).toMatchObject({ failure: null, complete: true });
  expect(
    await copied(
      parts,
      null,
      reauthorization(() => ALLOW),
    ),
  ).toMatchObject({ failure: null, complete: true });
  expect(asked).toBe(2);
});

it("ends a body of known length within five seconds of its key", async () => {
  const parts = Array.from({ length: 30 }, () => [1_000, "x"] as const);
  const { failure, text, complete } = await copied(parts, "30", reauthorization());
  expect([failure, complete]).toEqual([DENIED, false]);
  expect(text.length).toBe(5);
});

it("ends a body in chunks, and one of any length, within five seconds of its key", async () => {
  vi.useFakeTimers();
  for (const length of [null, "99999999"]) {
    const never = new ReadableStream<Uint8Array>();
    const copy = copyBody(never, new WritableStream(), length, reauthorization());
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await copy).toEqual(DENIED);
  }
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

it("does not complete a body whose key cannot be authorized again", async () => {
  const cause = new Error("D1 is unavailable");
  const open = reauthorization(() => {
    throw cause;
  });
  expect(await copied([[2_000, "abcd"]], "4", open)).toEqual({
    failure: { failure: "unreachable", cause },
    text: "",
    complete: false,
  });
});

it("does not complete a body that the client breaks off", async () => {
  const cause = new Error("lost");
  for (const length of [null, "9"])
    expect(
      await copied(
        [
          [0, "ab"],
          [0, cause],
        ],
        length,
        reauthorization(),
      ),
    ).toEqual({
      failure: { failure: "incomplete", cause },
      text: "ab",
      complete: false,
    });
});

it("leaves the failure to the upstream's answer when the upstream takes no more", async () => {
  expect(
    await copied(
      [
        [0, "ab"],
        [0, "cd"],
      ],
      "4",
      reauthorization(),
      2,
    ),
  ).toMatchObject({ failure: null });
});

it("reads short bodies of known length first, and no others", () => {
  expect([isReadFirst("0"), isReadFirst("65536"), isReadFirst("65537"), isReadFirst(null)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it("sends a short body only when it is complete and its key still allows it", async () => {
  const request = (parts: readonly (readonly [number, string | Error])[]) =>
    new Request("https://a.example", { method: "POST", body: slowly(parts), duplex: "half" } as RequestInit);
  const body = await readFirst(
    request([
      [0, "ab"],
      [1_000, "cd"],
    ]),
    reauthorization(),
  );
  expect("failure" in body ? body : new TextDecoder().decode(body.bytes)).toBe("abcd");
  expect(body).toMatchObject({ identity: null });
  expect(asked).toBe(0);
  expect(
    await readFirst(
      request([
        [0, "ab"],
        [1_001, "cd"],
      ]),
      reauthorization(),
    ),
  ).toEqual(DENIED);
  expect(
    await readFirst(
      request([[2_000, "ab"]]),
      reauthorization(() => ALLOW),
    ),
  ).toMatchObject({ bytes: { length: 2 }, identity: aKey().role.name });
  const cause = new Error("lost");
  expect(
    await readFirst(
      request([
        [0, "ab"],
        [0, cause],
      ]),
      reauthorization(),
    ),
  ).toEqual({ failure: "incomplete", cause });
});
