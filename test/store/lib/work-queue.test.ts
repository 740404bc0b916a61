import { expect, it } from "vitest";
import { createWorkQueue } from "../../../src/store/lib/work-queue.ts";

function recorded(maxItems = 100) {
  const runs: (readonly number[])[] = [];
  const ends: (() => void)[] = [];
  const add = createWorkQueue<number>((items) => {
    runs.push(items);
    return new Promise((resolve) => ends.push(resolve));
  }, maxItems);
  return { runs, ends, add };
}

const settle = () => new Promise((resume) => setTimeout(resume));

it("runs once for all items that are added meanwhile, in bounded parts", async () => {
  const { runs, ends, add } = recorded(3);
  const first = add(1, 0);
  for (const item of [2, 3, 4, 5]) await add(item, 1);
  for (let i = 0; i < 3; i++) {
    ends[i]?.();
    await settle();
  }
  await first;
  expect(runs).toEqual([[1], [2, 3, 4], [5]]);
});

it("starts again with the next item after a run that was canceled, also when the clock was set back", async () => {
  for (const later of [30_000, -30_000]) {
    const { runs, add } = recorded();
    void add(1, 0);
    await add(2, 29_999);
    void add(3, later);
    expect(runs).toEqual([[1], [2, 3]]);
  }
});
