// A Worker that was deployed without the console. What a built one answers is in test/browser/.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bare, startBare } from "../support/bare.ts";

let bare: Bare;
beforeAll(async () => {
  bare = await startBare();
});
afterAll(() => bare.close());

describe("a console that is not there", () => {
  it("says so in words, under the same policy as one that is", async () => {
    const answer = await bare.call(null, "/console/keys");
    expect(answer.status).toBe(503);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await answer.text()).toContain("npm run build");
  });

  it("has no files, and leaves its paths to nobody else", async () => {
    for (const path of ["/console/assets/index.js", "/console/nothing"]) {
      expect((await bare.call(null, path)).status).toBe(404);
    }
    expect(bare.upstream.reached).toEqual([]);
  });
});
