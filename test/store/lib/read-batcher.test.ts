// Reads of many requests by few statements.
import { expect, it } from "vitest";
import { createReadBatcher } from "../../../src/store/lib/read-batcher.ts";

interface Key {
  readonly hash: string;
}

/** A batcher of two batches of three keys, whose batches end when the test says so. */
function batcher(pause: () => Promise<void> = settle) {
  let now = 0;
  const batches: { readonly keys: readonly string[]; readonly end: (results: readonly (Key | Error)[]) => void }[] = [];
  const read = createReadBatcher<Key, Key>({
    clock: { now: () => now, after: () => () => undefined, pause },
    ...{ maxRunning: 2, maxKeys: 3, limitMs: 1_000 },
    readAll: (keys) => new Promise((end) => batches.push({ keys: keys.map(({ hash }) => hash), end })),
  });
  return {
    batches,
    read: (hash: string) => read({ hash }, () => undefined),
    end: (i: number) => batches[i]?.end(batches[i].keys.map((hash) => ({ hash }))),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

const settle = () => new Promise<void>((resume) => setTimeout(resume, 0));
const keysOf = ({ batches }: ReturnType<typeof batcher>) => batches.map(({ keys }) => keys.join(""));

it("reads together what is wanted while all statements run, each key once and at most three", async () => {
  const own = batcher();
  const results = Promise.all([..."abcdceef"].map(own.read));
  await settle();
  expect(keysOf(own)).toEqual(["a", "b"]);
  own.end(0);
  await settle();
  expect(keysOf(own)).toEqual(["a", "b", "cde"]);
  own.end(1);
  await settle();
  own.end(2);
  own.end(3);
  expect((await results).map(({ hash }) => hash).join("")).toBe("abcdceef");
  expect(keysOf(own)).toEqual(["a", "b", "cde", "f"]);
});

it("gives a key its own error, and all keys of a batch the error of the batch", async () => {
  const own = batcher();
  const [a, b] = [own.read("a"), own.read("b")];
  const [c, d] = [own.read("c"), own.read("d")];
  await settle();
  own.end(0);
  await settle();
  own.batches[2]?.end([new Error("corrupt"), { hash: "d" }]);
  await expect(c).rejects.toThrow("corrupt");
  expect([await a, await d]).toEqual([{ hash: "a" }, { hash: "d" }]);
  own.end(1);
  expect(await b).toEqual({ hash: "b" });
});

it("continues after its time limit when statements never end, since their requests were canceled", async () => {
  const own = batcher();
  void own.read("a");
  void own.read("b");
  void own.read("c");
  await settle();
  expect(keysOf(own)).toEqual(["a", "b"]);
  own.pass(1_000);
  const d = own.read("d");
  await settle();
  expect(keysOf(own)).toEqual(["a", "b", "cd"]);
  own.end(2);
  expect(await d).toEqual({ hash: "d" });
});

it("settles nothing that another request awaits: that one is continued by its own timer alone", async () => {
  const timers: (() => void)[] = [];
  const own = batcher(() => new Promise<void>((resume) => timers.push(resume)));
  const [a, b] = [own.read("a"), own.read("b")];
  const others = [own.read("c"), own.read("c")];
  const continued: string[] = [];
  for (const other of others) void other.then(({ hash }) => continued.push(hash));
  for (const i of [0, 1]) own.end(i);
  await Promise.all([a, b]);
  await settle();
  expect([keysOf(own), continued]).toEqual([["a", "b"], []]);
  // The first one starts the batch, the second one finds its key in it.
  for (const resume of timers.splice(0)) resume();
  await settle();
  own.end(2);
  await settle();
  expect([keysOf(own), continued]).toEqual([["a", "b", "c"], ["c"]]);
  for (const resume of timers.splice(0)) resume();
  await settle();
  expect(continued).toEqual(["c", "c"]);
});
