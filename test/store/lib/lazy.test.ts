import { expect, it } from "vitest";
import { lazy } from "../../../src/store/lib/lazy.ts";

/** A value that is made when the test says so. */
function madeLater() {
  const made: PromiseWithResolvers<object>[] = [];
  const get = lazy(() => {
    const one = Promise.withResolvers<object>();
    made.push(one);
    return one.promise;
  });
  return { get, made };
}

it("lets no request await what another one makes, and keeps the first value for all", async () => {
  const { get, made } = madeLater();
  const requests = [get(), get()];
  const value = {};
  // The request that came first never continues.
  made[1]?.resolve(value);
  expect(await requests[1]).toBe(value);
  made[0]?.resolve({});
  expect(await requests[0]).toBe(value);
  expect(await get()).toBe(value);
  expect(made).toHaveLength(2);
});

it("keeps no failure", async () => {
  const { get, made } = madeLater();
  const failed = get();
  made[0]?.reject(new Error("down"));
  await expect(failed).rejects.toThrow("down");
  const again = get();
  made[1]?.resolve({});
  expect(await again).toEqual({});
});
