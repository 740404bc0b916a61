import { describe, expect, it } from "vitest";
import { createCircuitBreaker, StoreUnavailable, withTimeout } from "../../../src/store/lib/timeouts.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const LOST = new Error("D1_ERROR: Network connection lost.");
const OVERLOADED = new Error("D1_ERROR: D1 DB is overloaded. Too many requests queued.");
const NEVER = new Promise<string>(() => undefined);

function failing(...outcomes: (Error | string)[]) {
  let reads = 0;
  return {
    reads: () => reads,
    read: async () => {
      const outcome = outcomes[reads];
      reads += 1;
      if (outcome instanceof Error) throw outcome;
      return outcome ?? "row";
    },
  };
}

describe("a time limit", () => {
  it("ends a wait at its instant, as a fault", async () => {
    const clock = fakeClock();
    const late = withTimeout(clock, 75, "KV", NEVER);
    const told = expect(late).rejects.toThrow(new StoreUnavailable("KV took longer than 75 ms"));
    await clock.advance(75);
    await told;
  });

  it("hands over a result that comes a moment before", async () => {
    const clock = fakeClock();
    const work = new Promise<string>((resolve) => clock.after(74, () => resolve("copy")));
    const inTime = withTimeout(clock, 75, "KV", work);
    await clock.advance(75);
    expect(await inTime).toBe("copy");
  });
});

describe("a breaker", () => {
  it.each([
    "D1_ERROR: Network connection lost.",
    "D1_ERROR: D1 DB reset because its code was updated.",
    "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
    "D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
  ])("repeats once, after a moment, what failed with: %s", async (message) => {
    const clock = fakeClock();
    const { read, reads } = failing(new Error(message));
    const asked = createCircuitBreaker(clock, () => 0.5).run(1_000, "row", read);
    await clock.advance(62);
    expect(reads()).toBe(1);
    await clock.advance(1);
    expect(await asked).toBe("row");
    expect(reads()).toBe(2);
  });

  it("repeats nothing a second time", async () => {
    const clock = fakeClock();
    const { read, reads } = failing(LOST, LOST);
    const asked = expect(createCircuitBreaker(clock, () => 0).run(1_000, "row", read)).rejects.toThrow(LOST.message);
    await clock.advance(100);
    await asked;
    expect(reads()).toBe(2);
  });

  it("repeats nothing that no error of D1's says may be repeated", async () => {
    const { read, reads } = failing(new Error("D1_ERROR: no such table"));
    await expect(createCircuitBreaker(fakeClock(), () => 0).run(1_000, "row", read)).rejects.toThrow("no such table");
    expect(reads()).toBe(1);
  });

  it("does not repeat for somebody who has stopped waiting", async () => {
    const clock = fakeClock();
    let reads = 0;
    const slow = () => {
      reads += 1;
      return new Promise<string>((_, reject) => clock.after(990, () => reject(LOST)));
    };
    const asked = expect(createCircuitBreaker(clock, () => 0.5).run(1_000, "row", slow)).rejects.toThrow("longer than");
    await clock.advance(3_000);
    await asked;
    expect(reads).toBe(1);
  });

  it("leaves an overloaded D1 alone for five seconds, without a retry", async () => {
    const clock = fakeClock();
    const { read, reads } = failing(OVERLOADED);
    const breaker = createCircuitBreaker(clock, () => 0);
    await expect(breaker.run(1_000, "row", read)).rejects.toThrow("overloaded");
    await clock.advance(4_999);
    await expect(breaker.run(1_000, "row", read)).rejects.toThrow(StoreUnavailable);
    expect(reads()).toBe(1);
    await clock.advance(1);
    expect(await breaker.run(1_000, "row", read)).toBe("row");
  });

  it("notices an overload that only the retry meets", async () => {
    const clock = fakeClock();
    const { read, reads } = failing(LOST, OVERLOADED);
    const breaker = createCircuitBreaker(clock, () => 0);
    const asked = expect(breaker.run(1_000, "row", read)).rejects.toThrow("overloaded");
    await clock.advance(100);
    await asked;
    await expect(breaker.run(1_000, "row", read)).rejects.toThrow("left alone");
    expect(reads()).toBe(2);
  });

  it("does not stay open because the clock was set back", async () => {
    const clock = fakeClock();
    const { read } = failing(OVERLOADED);
    const breaker = createCircuitBreaker(clock, () => 0);
    await expect(breaker.run(1_000, "row", read)).rejects.toThrow("overloaded");
    clock.jump(-3_600_000);
    expect(await breaker.run(1_000, "row", read)).toBe("row");
  });
});
