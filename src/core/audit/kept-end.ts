// An end of an account's chain that is kept where somebody who can write to D1 cannot change it.
import type { Checkpoint } from "./checkpoint.ts";

/** The end of an account's chain that is kept outside D1: in KV, in a bucket, in the Worker's log. */
export interface KeptEnd extends Pick<Checkpoint, "account" | "number" | "hash"> {
  /** Where it is kept, in words. */
  readonly from: string;
  /** When it was signed; left out when only its hash is known. */
  readonly at?: number;
}
