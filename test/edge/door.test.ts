// The door, over a real socket, in front of a real upstream: who comes through, who does not, and what either is told.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ACCOUNT, CLUSTERS, type Gatehouse, startGatehouse } from "../support/gatehouse.ts";

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await startGatehouse();
});
afterAll(() => gatehouse.close());
beforeEach(() => gatehouse.upstream.reset());

describe("a call with a valid key", () => {
  it("reaches the upstream with its method, path, query and body as they were", async () => {
    const { token } = await gatehouse.key();
    const answer = await gatehouse.call(token, `${CLUSTERS}?name=a%2Cb&name=c&x[]=1`, {
      method: "POST",
      body: '{"a":1}',
      headers: { "content-type": "application/json", "x-of-the-client": "kept" },
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ data: { from: "upstream" } });
    expect(gatehouse.upstream.reached).toHaveLength(1);
    console.log(gatehouse.upstream.reached[0], gatehouse.logs());
  });
});
void ACCOUNT;
