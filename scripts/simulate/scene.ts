// What all parts of a run share.
import type { KeyRing } from "../../src/core/token/api-key-token.ts";
import type { StrongCheck } from "./bounds.ts";
import type { D1Parts } from "./d1.ts";
import type { Isolate } from "./isolate.ts";
import type { Judge } from "./judge.ts";
import type { Key } from "./keys.ts";
import type { KvHistory } from "./kv.ts";
import type { Ended, Truth } from "./truth.ts";

export interface Settings {
  readonly strongCheck: StrongCheck;
  readonly staleIfErrorMs: number;
}

export interface Scene extends Settings, D1Parts {
  readonly truth: Truth;
  readonly judge: Judge;
  readonly history: KvHistory;
  readonly ring: KeyRing;
  readonly isolates: Isolate[];
  /** An Admin key that nobody changes. */
  readonly root: Key;
  /** The keys that clients have, in the order of their making. */
  readonly keys: Key[];
  /** Keys that were changed not long ago: it is where a guarantee would break. */
  readonly hot: { readonly key: Key; readonly until: number }[];
  readonly roles: readonly string[];
  readonly lists: readonly string[];
  readonly operators: string[];
  /** What the last transaction on the primary has ended. */
  ended: readonly Ended[];
}

/** Calls by which the upstream and the judge know a request under way. Times are of the world. */
export interface Call {
  readonly id: string;
  readonly key: Key;
  cameAt: number;
  /** What the isolate's clock said then. */
  clock: number;
  /** When the record was last confirmed; `null`: not yet. */
  confirmedAt: number | null;
  degraded: boolean;
  speculated: boolean;
  toldRole: string | null;
}
