// Wrong implementations. Each is a port that misleads the real key resolver as the wrong code would, and each must break the
// guarantee that it is named with: a simulation that cannot fail proves nothing.
import type { Change, Changes, RecordRead } from "../../src/store/key-cache/ports.ts";
import type { Flaw } from "./isolate.ts";

/** Every flaw, with the guarantee that it breaks, as judge.ts names it. */
export const FLAWS: Readonly<Record<string, { readonly flaw: Flaw; readonly breaks: string }>> = {
  "no version check": {
    breaks: "a read is allowed after it was forbidden",
    // The change feed is read as often as ever, and its changes of single keys are ignored.
    flaw: { changes: (real) => ({ since: async (seq) => ({ ...(await real.since(seq)), changes: [] }) }) },
  },
  "a sliding time to live": {
    breaks: "a read is allowed after it was forbidden",
    flaw: {
      changes(real, now) {
        let last: Changes | null = null;
        let usedAt = 0;
        return {
          // A record that is used again within half a minute counts as fresh for another half.
          async since(seq) {
            if (last === null || now() - usedAt > 30_000) last = await real.since(seq);
            else last = { ...last, changes: [] };
            usedAt = now();
            return last;
          },
        };
      },
    },
  },
  "a line of a role is not heeded": {
    breaks: "a read is allowed after it was forbidden",
    flaw: { changes: (real) => ({ since: async (seq) => without(await real.since(seq), (line) => !line.roleId) }) },
  },
  "a line for everything is not heeded": {
    breaks: "a read is allowed after it was forbidden",
    flaw: {
      changes: (real) => ({
        since: async (seq) => without(await real.since(seq), (line) => line.keyId !== null || Boolean(line.roleId)),
      }),
    },
  },
  "a null from KV is trusted": {
    breaks: "a valid key is answered 401",
    flaw: {
      records(real, copies) {
        const readByHash: typeof real.readByHash = async (hash) =>
          (await copies.get(hash)) === null ? null : real.readByHash(hash);
        return { ...real, readByHash, readByHashes: (hashes) => Promise.all(hashes.map(readByHash)) };
      },
    },
  },
  "no strong check": {
    breaks: "a change is allowed after it was forbidden",
    flaw: { need: (need) => ({ ...need, fromPrimary: false }) },
  },
  "a copy is fresh whatever its sequence number": {
    breaks: "a read is allowed after it was forbidden",
    flaw: {
      copies: (real) => ({ get: async (hash) => asNewest(await real.get(hash)), put: (...args) => real.put(...args) }),
    },
  },
};

const without = (changes: Changes, isHeeded: (line: Change) => boolean): Changes => ({
  ...changes,
  changes: changes.changes.filter(isHeeded),
});

function asNewest(reading: RecordRead | null): RecordRead | null {
  return reading && { ...reading, asOf: Number.MAX_SAFE_INTEGER };
}
