import { describe, expect, it } from "vitest";
import { createCircuitBreaker } from "../../../src/store/lib/circuit-breaker.ts";
import { StoreUnavailable } from "../../../src/store/lib/timeouts.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const LOST = new Error("D1_ERROR: Network connection lost.");
const OVERLOADED = new Error("D1_ERROR: D1 DB is overloaded. Too many requests queued.");

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

describe("createCircuitBreaker", () => {
  it.each([
    "D1_ERROR: Network connection lost.",
    "D1_ERROR: D1 DB reset because its code was updated.",
    "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
    "D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
  ])("retries once after a short delay: %s", async (message) => {
    const clock = fakeClock();
    const { read, reads } = failing(new Error(message));
    const result = createCircuitBreaker(clock, () => 0.5).run(1_000, "row", read);
    await clock.advance(62);
    expect(reads()).toBe(1);
    await clock.advance(1);
    expect(await result).toBe("row");
    expect(reads()).toBe(2);
  });

  it("retries only once", async () => {
    const clock = fakeClock();
    const { read, reads } = failing(LOST, LOST);
    const result = expect(createCircuitBreaker(clock, () => 0).run(1_000, "row", read)).rejects.toThrow(LOST.message);
    await clock.advance(100);
    await result;
    expect(reads()).toBe(2);
  });

  it("does not retry an error that D1 does not document as retryable", async () => {
    const { read, reads } = failing(new Error("D1_ERROR: no such table"));
    await expect(createCircuitBreaker(fakeClock(), () => 0).run(1_000, "row", read)).rejects.toThrow("no such table");
    expect(reads()).toBe(1);
  });

  it("does not retry after the time limit", async () => {
    const clock = fakeClock();
    let reads = 0;
    const slow = () => {
      reads += 1;
      return new Promise<string>((_, reject) => clock.after(990, () => reject(LOST)));
    };
    const result = expect(createCircuitBreaker(clock, () => 0.5).run(1_000, "row", slow)).rejects.toThrow(
      "longer than",
    );
    await clock.advance(3_000);
    await result;
    expect(reads).toBe(1);
  });

  it("does not ask an overloaded D1 for five seconds, and does not retry", async () => {
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

  it("opens when only the retry meets an overload", async () => {
    const clock = fakeClock();
    const { read, reads } = failing(LOST, OVERLOADED);
    const breaker = createCircuitBreaker(clock, () => 0);
    const result = expect(breaker.run(1_000, "row", read)).rejects.toThrow("overloaded");
    await clock.advance(100);
    await result;
    await expect(breaker.run(1_000, "row", read)).rejects.toThrow("the circuit breaker is open");
    expect(reads()).toBe(2);
  });

  it("stays closed when a clock that was set back comes to the time of the overload again", async () => {
    const clock = fakeClock();
    const { read } = failing(OVERLOADED);
    const breaker = createCircuitBreaker(clock, () => 0.5);
    await expect(breaker.run(1_000, "row", read)).rejects.toThrow("overloaded");
    await clock.advance(40_000);
    expect(await breaker.run(1_000, "row", read)).toBe("row");
    clock.jump(-39_000);
    expect(await breaker.run(1_000, "row", read)).toBe("row");
  });

  it("closes when the clock is set back", async () => {
    const clock = fakeClock();
    const { read } = failing(OVERLOADED);
    const breaker = createCircuitBreaker(clock, () => 0);
    await expect(breaker.run(1_000, "row", read)).rejects.toThrow("overloaded");
    clock.jump(-3_600_000);
    expect(await breaker.run(1_000, "row", read)).toBe("row");
  });
});
