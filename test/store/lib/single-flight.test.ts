import { expect, it } from "vitest";
import { createSingleFlight } from "../../../src/store/lib/single-flight.ts";
import { fakeClock, settle } from "../../support/fake-clock.ts";
import { inBackground } from "../../support/modelled-store.ts";

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

it("reads once for fifty concurrent requests", async () => {
  const singleFlight = createSingleFlight<string, string>(fakeClock(), LIMIT_MS);
  const { read, reads } = counted([Promise.resolve("row")]);
  const results = await Promise.all(
    Array.from({ length: 50 }, () => singleFlight.run("k", inBackground, -Infinity, read)),
  );
  expect(new Set(results)).toEqual(new Set(["row"]));
  expect(reads()).toBe(1);
});

it("reads again after a read has completed", async () => {
  const singleFlight = createSingleFlight<string, string>(fakeClock(), LIMIT_MS);
  const { read, reads } = counted([Promise.resolve("first"), Promise.resolve("second")]);
  await singleFlight.run("k", inBackground, -Infinity, read);
  expect(await singleFlight.run("k", inBackground, -Infinity, read)).toBe("second");
  expect(reads()).toBe(2);
});

it("rejects every waiting request with the error of the read, and reads again for the next one", async () => {
  const singleFlight = createSingleFlight<string, string>(fakeClock(), LIMIT_MS);
  const { read } = counted([Promise.reject(new Error("down")), Promise.resolve("row")]);
  const requests = [
    singleFlight.run("k", inBackground, -Infinity, read),
    singleFlight.run("k", inBackground, -Infinity, read),
  ];
  for (const request of requests) await expect(request).rejects.toThrow("down");
  expect(await singleFlight.run("k", inBackground, -Infinity, read)).toBe("row");
});

it("reads again when the joined read exceeds its time limit", async () => {
  const clock = fakeClock();
  const singleFlight = createSingleFlight<string, string>(clock, LIMIT_MS);
  const { read } = counted([NEVER, Promise.resolve("row")]);
  void singleFlight.run("k", inBackground, -Infinity, read);
  await clock.advance(600);
  const joined = singleFlight.run("k", inBackground, -Infinity, read);
  // The rest of the time limit of the joined read, and not a whole one.
  await clock.advance(LIMIT_MS - 600 + 50);
  expect(await joined).toBe("row");
});

it("does not join a read that began before the given time", async () => {
  const clock = fakeClock();
  const singleFlight = createSingleFlight<string, string>(clock, LIMIT_MS);
  const { read } = counted([NEVER, Promise.resolve("after")]);
  void singleFlight.run("k", inBackground, -Infinity, read);
  expect(await singleFlight.run("k", inBackground, clock.now(), read)).toBe("after");
});

it("does not join a read from before the clock was set back", async () => {
  const clock = fakeClock();
  const singleFlight = createSingleFlight<string, string>(clock, LIMIT_MS);
  const { read } = counted([NEVER, Promise.resolve("row")]);
  void singleFlight.run("k", inBackground, -Infinity, read);
  clock.jump(-3_600_000);
  expect(await singleFlight.run("k", inBackground, -Infinity, read)).toBe("row");
});

it("keeps a read running in the background, and handles its rejection", async () => {
  const singleFlight = createSingleFlight<string, string>(fakeClock(), LIMIT_MS);
  const kept: Promise<unknown>[] = [];
  const { read } = counted([Promise.reject(new Error("down"))]);
  await expect(singleFlight.run("k", (work) => kept.push(work), -Infinity, read)).rejects.toThrow("down");
  // The background work handles the rejection.
  await expect(Promise.all(kept)).resolves.toHaveLength(1);
});

it("settles nothing that another request awaits: that one is continued by its own timer alone", async () => {
  const timers: (() => void)[] = [];
  const clock = { ...fakeClock(), pause: () => new Promise<void>((resume) => timers.push(resume)) };
  const singleFlight = createSingleFlight<string, string>(clock, LIMIT_MS);
  const { read } = counted([Promise.resolve("row")]);
  const first = singleFlight.run("k", inBackground, -Infinity, read);
  const continued: string[] = [];
  void singleFlight.run("k", inBackground, -Infinity, read).then((row) => continued.push(row));
  expect(await first).toBe("row");
  await settle();
  expect(continued).toEqual([]);
  for (const resume of timers) resume();
  await settle();
  expect(continued).toEqual(["row"]);
});
