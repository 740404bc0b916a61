// Where keys are used from: a bounded memory of the isolate decides when D1 is asked, at most once a day for a key and a network.
import { countryOf } from "../../core/ip/country.ts";
import type { Address } from "../../core/ip/ip-address.ts";
import type { Background } from "../common.ts";
import { createLruMap } from "../lib/lru-map.ts";
import { isRecent } from "../lib/timeouts.ts";

const DAY_MS = 86_400_000;
/** Networks that one isolate asks D1 for in a day, of one key. */
const MAX_ASKED = 300;

/** A use of a key from a network that this isolate has not seen for a day. */
export interface SeenUse {
  readonly keyId: string;
  readonly address: Address;
  /** `null`: not known. */
  readonly country: string | null;
  readonly at: number;
}

/** Compares a use with what D1 has of its key, and writes an event of what is new. */
export type CheckPlace = (use: SeenUse) => Promise<void>;

export interface Networks {
  /**
   * Notes a use; asks D1 behind the response where this isolate does not know the network. Never throws.
   *
   * @param request as the runtime gave it
   */
  see(keyId: string, address: Address, request: object, at: number, background: Background): void;
}

/**
 * The memory of one isolate.
 *
 * @param maxKeys as many as the key cache holds; of each, two networks are remembered on average
 * @param check loaded with the first use
 * @param onError reports a failed check, which the next use repeats
 */
export function createNetworks(
  maxKeys: number,
  check: () => Promise<CheckPlace>,
  onError: (what: string, error: unknown) => void,
): Networks {
  const seenAt = createLruMap<string, number>(2 * maxKeys);
  const asked = createLruMap<string, { readonly since: number; count: number }>(maxKeys);

  /** Whether D1 may be asked for a key once more. */
  function admits(keyId: string, now: number): boolean {
    const known = asked.get(keyId);
    if (known === undefined || !isRecent(now, known.since, DAY_MS)) {
      asked.set(keyId, { since: now, count: 1 });
      return true;
    }
    known.count += 1;
    return known.count <= MAX_ASKED;
  }

  return {
    see(keyId, address, request, at, background) {
      const name = keyId + networkNumber(address);
      if (isRecent(at, seenAt.get(name) ?? Number.NEGATIVE_INFINITY, DAY_MS) || !admits(keyId, at)) return;
      // Before D1 answers: of requests at the same time one asks.
      seenAt.set(name, at);
      const use = { keyId, address, country: countryOf(request), at };
      const checked = check().then((run) => run(use));
      background(
        checked.catch((error) => {
          seenAt.delete(name);
          onError("key_networks", error);
        }),
      );
    },
  };
}

/** The /24 or /48 of an address, for the memory only: its text takes longer to make. */
function networkNumber(address: Address): string {
  return typeof address === "number" ? `.${address >>> 8}` : `:${(address >> 80n).toString(36)}`;
}
