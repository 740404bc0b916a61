// Ways of building it wrong. Each is a port that lies to the real finder as the wrong code would, and each must break the
// promise that it is named with: a simulation that cannot fail proves nothing.
import type { Changes, RecordRead } from "../../src/store/key-cache/ports.ts";
import type { Flaw } from "./isolate.ts";

/** Every flaw, with the promise that it breaks, as the judge names it. */
export const FLAWS: Readonly<Record<string, { readonly flaw: Flaw; readonly breaks: string }>> = {
  "no version check": {
    breaks: "a read is accepted after it was forbidden",
    // The log is read as often as ever, and what it says of single keys is not looked at.
    flaw: { changes: (real) => ({ since: async (seq) => ({ ...(await real.since(seq)), changes: [] }) }) },
  },
  "a sliding time to live": {
    breaks: "a read is accepted after it was forbidden",
    flaw: {
      changes(real, now) {
        let last: Changes | null = null;
        let usedAt = 0;
        return {
          // What was asked for again within half a minute counts as fresh for another one.
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
  "a null from KV is trusted": {
    breaks: "a valid key is answered 401",
    flaw: {
      truth: (real, copies) => ({
        async readByHash(hash) {
          const copy = await copies.get(hash);
          return copy === null ? null : real.readByHash(hash);
        },
      }),
    },
  },
  "no strong check": {
    breaks: "a change is accepted after it was forbidden",
    flaw: { need: (need) => ({ ...need, fromPrimary: false }) },
  },
  "a copy is believed whatever its place in the log": {
    breaks: "a read is accepted after it was forbidden",
    flaw: {
      warm: (real) => ({
        get: async (hash) => atTheEnd(await real.get(hash)),
        put: (hash, copy) => real.put(hash, copy),
      }),
    },
  },
};

function atTheEnd(reading: RecordRead | null): RecordRead | null {
  return reading && { ...reading, asOf: Number.MAX_SAFE_INTEGER };
}
