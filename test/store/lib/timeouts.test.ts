import { describe, expect, it } from "vitest";
import { StoreUnavailable, withTimeout } from "../../../src/store/lib/timeouts.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const NEVER = new Promise<string>(() => undefined);

describe("withTimeout", () => {
  it("rejects with StoreUnavailable at its limit", async () => {
    const clock = fakeClock();
    const late = withTimeout(clock, 75, "KV", NEVER);
    const rejected = expect(late).rejects.toThrow(new StoreUnavailable("KV took longer than 75 ms"));
    await clock.advance(75);
    await rejected;
  });

  it("returns a result that comes before its limit", async () => {
    const clock = fakeClock();
    const work = new Promise<string>((resolve) => clock.after(74, () => resolve("copy")));
    const inTime = withTimeout(clock, 75, "KV", work);
    await clock.advance(75);
    expect(await inTime).toBe("copy");
  });
});
