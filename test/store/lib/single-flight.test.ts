import { expect, it } from "vitest";
import { createSingleFlight } from "../../../src/store/lib/single-flight.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { behind } from "../../support/modelled-store.ts";

const LIMIT_MS = 1_000;
const NEVER = new Promise<string>(() => undefined);

function counted(results: readonly Promise<string>[]) {
  let reads = 0;
  return {
    reads: () => reads,
    read: () => {
      reads += 1;
      return results[reads - 1] ?? NEVER;
    },
  };
}

it("gives fifty calls at once one read", async () => {
  const singleFlight = createSingleFlight<string, string>(fakeClock(), LIMIT_MS);
  const { read, reads } = counted([Promise.resolve("row")]);
  const results = await Promise.all(Array.from({ length: 50 }, () => singleFlight.run("k", behind, -Infinity, read)));
  expect(new Set(results)).toEqual(new Set(["row"]));
  expect(reads()).toBe(1);
});

it("reads anew once a flight has landed", async () => {
  const singleFlight = createSingleFlight<string, string>(fakeClock(), LIMIT_MS);
  const { read, reads } = counted([Promise.resolve("first"), Promise.resolve("second")]);
  await singleFlight.run("k", behind, -Infinity, read);
  expect(await singleFlight.run("k", behind, -Infinity, read)).toBe("second");
  expect(reads()).toBe(2);
});

it("hands a fault to everybody who waits, and reads anew for the next one", async () => {
  const singleFlight = createSingleFlight<string, string>(fakeClock(), LIMIT_MS);
  const { read } = counted([Promise.reject(new Error("down")), Promise.resolve("row")]);
  const calls = [singleFlight.run("k", behind, -Infinity, read), singleFlight.run("k", behind, -Infinity, read)];
  for (const call of calls) await expect(call).rejects.toThrow("down");
  expect(await singleFlight.run("k", behind, -Infinity, read)).toBe("row");
});

it("goes itself when the flight's own call has died with it", async () => {
  const clock = fakeClock();
  const singleFlight = createSingleFlight<string, string>(clock, LIMIT_MS);
  const { read } = counted([NEVER, Promise.resolve("row")]);
  void singleFlight.run("k", behind, -Infinity, read);
  await clock.advance(600);
  const follower = singleFlight.run("k", behind, -Infinity, read);
  // Until the flight must have ended, and not its whole limit over again.
  await clock.advance(LIMIT_MS - 600 + 50);
  expect(await follower).toBe("row");
});

it("joins no flight that began before the instant of a doubt", async () => {
  const clock = fakeClock();
  const singleFlight = createSingleFlight<string, string>(clock, LIMIT_MS);
  const { read } = counted([NEVER, Promise.resolve("after")]);
  void singleFlight.run("k", behind, -Infinity, read);
  expect(await singleFlight.run("k", behind, clock.now(), read)).toBe("after");
});

it("joins no flight that began by a clock which has been set back since", async () => {
  const clock = fakeClock();
  const singleFlight = createSingleFlight<string, string>(clock, LIMIT_MS);
  const { read } = counted([NEVER, Promise.resolve("row")]);
  void singleFlight.run("k", behind, -Infinity, read);
  clock.jump(-3_600_000);
  expect(await singleFlight.run("k", behind, -Infinity, read)).toBe("row");
});

it("keeps the read alive when the call that began it goes away", async () => {
  const singleFlight = createSingleFlight<string, string>(fakeClock(), LIMIT_MS);
  const kept: Promise<unknown>[] = [];
  const { read } = counted([Promise.reject(new Error("down"))]);
  await expect(singleFlight.run("k", (work) => kept.push(work), -Infinity, read)).rejects.toThrow("down");
  // And a fault behind the answer is nobody's unhandled rejection.
  await expect(Promise.all(kept)).resolves.toHaveLength(1);
});
